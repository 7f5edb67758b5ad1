// Writes src/api/schema.d.ts anew from the OpenAPI document of a running server; with --check it says whether it differs.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const server = process.env.RUNNEL_DEV_SERVER ?? "http://127.0.0.1:8377";
const answer = await fetch(`${server}/api/v1/openapi.json`);
if (!answer.ok) throw new Error(`${server} answered ${answer.status}`);
const ast = await openapiTS(await answer.json());
const text = `/** The server's HTTP interface, written by \`npm run api\`. */\n\n${astToString(ast)}`;
const file = new URL("../src/api/schema.d.ts", import.meta.url);
if (process.argv.includes("--check")) {
  if ((await readFile(file, "utf8")) !== text) {
    process.stderr.write("src/api/schema.d.ts is not what the server says; run `npm run api` beside it.\n");
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
}
