/** The pipeline document as the file has it, and the shapes around it. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonMap = { readonly [key: string]: Json };

/** The JSON form of a pipeline file; never changed in place. */
export type PipelineDocument = JsonMap;

export type Path = readonly (string | number)[];

/** One change, as the server applies it to the text: `path` starts at the document's root. */
export interface Edit {
  readonly op: "set" | "delete" | "rename";
  readonly path: Path;
  readonly value?: Json;
}

/** What a command makes: a label for the history, and the edits. */
export interface Change {
  readonly label: string;
  readonly edits: readonly Edit[];
  /** Changes with the same key that follow each other quickly become one step of the history (typing). */
  readonly merge?: string;
  /** Nodes to select afterwards. */
  readonly select?: readonly string[];
}

export type PortType = "TABLE" | "DB_TABLE" | "S3_FILE" | "ML_MODEL" | "TRIGGER" | (string & {});

export interface Port {
  readonly name: string;
  readonly type: PortType;
  readonly many: boolean;
  readonly required: boolean;
}

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable?: boolean;
}

/** What the catalogue says of a kind; more fields (config, examples, …) come with `describe`. */
export interface KindInfo {
  readonly kind: string;
  readonly title: string;
  readonly summary: string;
  readonly description?: string;
  readonly group: string;
  readonly icon: string;
  readonly synonyms: readonly string[];
  readonly role: string;
  readonly ports: Ports;
  /** The JSON schema of the settings. */
  readonly config: JsonMap;
  readonly examples?: readonly JsonMap[];
  readonly [more: string]: unknown;
}

export type Catalogue = ReadonlyMap<string, KindInfo>;

/** The ports of a node as the compiler sees them, where it said so (routes, sub-pipelines); else null. */
export type KnownPorts = (node: string) => Ports | null;

export interface PortRef {
  readonly node: string;
  readonly port: string;
}

/** One wire: from an output port into an input port; `at` is its path within the node's `from` or `after`. */
export interface Wire {
  readonly id: string;
  readonly from: PortRef;
  readonly to: PortRef;
  readonly at: Path;
}

export type Point = readonly [x: number, y: number];
