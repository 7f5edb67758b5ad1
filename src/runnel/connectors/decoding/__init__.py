"""Raw records of streams turned into rows: JSON, lines of JSON, CSV, Avro, text; a bad record is refused alone."""
