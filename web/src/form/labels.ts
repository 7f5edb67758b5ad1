/** Choices in words. */
import { words } from "./words";

const KNOWN: Readonly<Record<string, string>> = {
  csv: "CSV",
  tsv: "TSV",
  json: "JSON",
  ndjson: "NDJSON",
  parquet: "Parquet",
  excel: "Excel",
  xml: "XML",
  avro: "Avro",
  sha256: "SHA-256",
  sha1: "SHA-1",
  md5: "MD5",
  asof: "As of",
  avg: "Average",
  min: "Smallest",
  max: "Largest",
  timestamptz: "Timestamp with zone",
  jaro_winkler: "Jaro–Winkler",
  "security.plaintext": "Open",
  "security.tls": "TLS",
  "security.sasl_plaintext": "Login, open",
  "security.sasl_tls": "Login, TLS",
  "tls.disable": "Off",
  "tls.require": "Encrypt",
  "tls.verify_ca": "Verify CA",
  "tls.verify_full": "Verify fully",
  " ": "Space",
  ".": "Point .",
  ",": "Comma ,",
  "'": "Apostrophe '",
};

/** `append` → `Append`, `csv` → `CSV`. */
export function choiceLabel(choice: string, field = ""): string {
  if (field === "on_error") return words.onError[choice as keyof typeof words.onError] ?? choice;
  return (
    KNOWN[`${field}.${choice}`] ??
    KNOWN[choice] ??
    `${choice.charAt(0).toUpperCase()}${choice.slice(1).replaceAll("_", " ")}`
  );
}
