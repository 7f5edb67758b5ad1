WITH "orders" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity"
  FROM "orders"
), "routed__rest" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity"
  FROM "orders"
  WHERE
    NOT (
      "quantity" >= 10
    ) IS TRUE AND NOT (
      "quantity" >= 1
    ) IS TRUE
), "routed__small" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity"
  FROM "orders"
  WHERE
    NOT (
      "quantity" >= 10
    ) IS TRUE AND (
      "quantity" >= 1
    ) IS TRUE
), "named" AS (
  SELECT
    "id" AS "order id",
    "customer",
    "status",
    "price",
    "quantity"
  FROM "routed__small"
), "back" AS (
  SELECT
    "id"
  FROM "routed__rest"
), "small" AS (
  SELECT
    "order id"
  FROM "named"
), "small_id" AS (
  SELECT
    "order id" AS "id"
  FROM "small"
), "both" AS (
  SELECT
    "id"
  FROM "small_id"
  UNION ALL
  SELECT
    "id"
  FROM "back"
), "each" AS (
  SELECT DISTINCT
    "id"
  FROM "both"
)
SELECT
  "id"
FROM "each"
