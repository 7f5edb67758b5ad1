WITH "orders" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity"
  FROM "orders"
), "customers" AS (
  SELECT
    "customer",
    "country"
  FROM "customers"
), "paid" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity"
  FROM "orders"
  WHERE
    "status" = 'paid' AND "quantity" > 0
), "joined" AS (
  SELECT
    "l"."id" AS "id",
    "l"."customer" AS "customer",
    "l"."status" AS "status",
    "l"."price" AS "price",
    "l"."quantity" AS "quantity",
    "r"."country" AS "country"
  FROM "paid" AS "l"
  LEFT JOIN "customers" AS "r"
    ON "l"."customer" = "r"."customer"
), "totals" AS (
  SELECT
    "country",
    COUNT(*) AS "orders",
    SUM((
      "price" * "quantity"
    )) AS "revenue"
  FROM "joined"
  GROUP BY
    "country"
), "sorted" AS (
  SELECT
    "country",
    "orders",
    "revenue"
  FROM "totals"
  ORDER BY
    "revenue" DESC,
    "country" ASC
)
SELECT
  "country",
  "orders",
  "revenue"
FROM "sorted"
