WITH "orders" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity"
  FROM "orders"
), "odd" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity",
    "price" * 2 AS "a ""quoted"" name",
    UPPER("status") AS "select"
  FROM "orders"
), "first" AS (
  SELECT
    "id",
    "customer",
    "status",
    "price",
    "quantity",
    "a ""quoted"" name",
    "select"
  FROM (
    SELECT
      "id",
      "customer",
      "status",
      "price",
      "quantity",
      "a ""quoted"" name",
      "select",
      ROW_NUMBER() OVER (
        PARTITION BY "customer"
        ORDER BY "select" DESC, "id" ASC, "customer" ASC, "status" ASC, "price" ASC, "quantity" ASC, "a ""quoted"" name" ASC
      ) AS "__rank"
    FROM "odd"
  ) AS "t"
  WHERE
    "__rank" <= 3
)
SELECT
  "id",
  "customer",
  "status",
  "price",
  "quantity",
  "a ""quoted"" name",
  "select"
FROM "first"
