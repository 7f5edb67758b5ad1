/** One way to the server: JSON in, JSON out, problem documents as errors. */

export interface ProblemBody {
  type?: string;
  title?: string;
  status: number;
  code: string;
  what: string;
  hint?: string;
  where?: { node?: string | null; field?: string | null; line?: number | null } | null;
  findings?: unknown;
}

/** What the server refused, in its words: `code`, `what`, `hint`. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly what: string;
  readonly hint: string;
  /** The whole answer; a 412 carries the current state. */
  readonly body: unknown;

  constructor(status: number, body: Partial<ProblemBody> | null, text = "") {
    super(body?.what ?? text);
    this.name = "Problem";
    this.status = status;
    this.code = body?.code ?? `HTTP-${status}`;
    this.what = body?.what ?? (text || `The server answered ${status}.`);
    this.hint = body?.hint ?? "";
    this.body = body;
  }
}

/** The server could not be reached: no answer came. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("The server does not answer.", { cause });
    this.name = "Unreachable";
  }
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  keepalive?: boolean;
}

const BASE = "/api/v1";
let csrf = "";

/** Remember the token that mutations carry; it comes with the session. */
export function setCsrf(token: string): void {
  csrf = token;
}

/** Return the address of a path with its query. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

/** The headers of a mutation by a browser session, for requests that are not JSON. */
export function mutationHeaders(): Record<string, string> {
  return csrf ? { "X-CSRF-Token": csrf } : {};
}

async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (method !== "GET") Object.assign(headers, mutationHeaders());
  let body: BodyInit | undefined;
  if (options.body instanceof Blob || typeof options.body === "string") body = options.body;
  else if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers["Content-Type"] ??= "application/json";
  }
  try {
    return await fetch(address(path, options.query), {
      method,
      headers,
      body,
      signal: options.signal,
      keepalive: options.keepalive,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable(error);
  }
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  const value: unknown = isJson && text ? JSON.parse(text) : text;
  if (!response.ok)
    throw new Problem(response.status, isJson ? (value as Partial<ProblemBody>) : null, isJson ? "" : text);
  return value as T;
}

async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  return answer<T>(await send(method, path, options));
}

/** The verbs; `path` begins after `/api/v1`. The type is what the contract says of the route. */
export const http = {
  get: <T>(path: string, options?: Omit<RequestOptions, "body">) => request<T>("GET", path, options),
  post: <T>(path: string, body: unknown = {}, options?: RequestOptions) =>
    request<T>("POST", path, { ...options, body }),
  put: <T>(path: string, body: unknown, options?: RequestOptions) => request<T>("PUT", path, { ...options, body }),
  patch: <T>(path: string, body: unknown, options?: RequestOptions) => request<T>("PATCH", path, { ...options, body }),
  delete: <T>(path: string, options?: RequestOptions) => request<T>("DELETE", path, options),
};

/** One path segment, safe to put into a path. */
export const segment = encodeURIComponent;
