// Writes src/api/schema.d.ts anew from the OpenAPI document of a running server.
import { writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const server = process.env.RUNNEL_DEV_SERVER ?? "http://127.0.0.1:8377";
const answer = await fetch(`${server}/api/v1/openapi.json`);
if (!answer.ok) throw new Error(`${server} answered ${answer.status}`);
const ast = await openapiTS(await answer.json());
const head = "/** The server's HTTP interface, written by `npm run api`. */\n\n";
await writeFile(new URL("../src/api/schema.d.ts", import.meta.url), head + astToString(ast));
