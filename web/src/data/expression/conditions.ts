/** Conditions as rows of column, operator and value; an expression becomes rows where that loses nothing. */
import { columnName } from "../literals";
import { type Token, tokens } from "./tokens";

export type Operator =
  | "="
  | "<>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "not in"
  | "between"
  | "not between"
  | "contains"
  | "not contains"
  | "starts_with"
  | "not starts_with"
  | "ends_with"
  | "not ends_with"
  | "regex_matches"
  | "not regex_matches"
  | "like"
  | "not like"
  | "ilike"
  | "not ilike"
  | "is null"
  | "is not null"
  | "is_blank"
  | "not is_blank"
  | "true"
  | "false";

export interface Rule {
  readonly column: string;
  readonly operator: Operator;
  /** Literals, parameters or column names, as they are written. */
  readonly values: readonly string[];
}

export interface Group {
  readonly logic: "and" | "or";
  readonly items: readonly (Rule | Group)[];
}

export const isGroup = (item: Rule | Group): item is Group => "items" in item;

/** How many values an operator takes; "list" for one or more. */
export function arity(operator: Operator): 0 | 1 | 2 | "list" {
  if (["is null", "is not null", "is_blank", "not is_blank", "true", "false"].includes(operator)) return 0;
  if (operator === "in" || operator === "not in") return "list";
  return operator === "between" || operator === "not between" ? 2 : 1;
}

const FUNCTIONS = ["contains", "starts_with", "ends_with", "regex_matches"];

/** Write a rule as an expression. */
export function ruleText({ column, operator, values }: Rule): string {
  const name = columnName(column);
  const [first = "null", second = "null"] = values;
  const plain = operator.replace(/^not /, "");
  const not = plain !== operator ? "not " : "";
  if (operator === "true") return name;
  if (operator === "false") return `not ${name}`;
  if (operator === "is null" || operator === "is not null") return `${name} ${operator}`;
  if (plain === "is_blank") return `${not}is_blank(${name})`;
  if (FUNCTIONS.includes(plain)) return `${not}${plain}(${name}, ${first})`;
  if (plain === "in") return `${name} ${operator} (${values.join(", ")})`;
  if (plain === "between") return `${name} ${operator} ${first} and ${second}`;
  return `${name} ${operator} ${first}`;
}

/** Write conditions as an expression; empty without any. */
export function groupText(group: Group): string {
  return group.items
    .map((item) =>
      isGroup(item) ? (item.items.length === 1 ? groupText(item) : `(${groupText(item)})`) : ruleText(item),
    )
    .filter((text) => text !== "" && text !== "()")
    .join(` ${group.logic} `);
}

/** Read an expression as conditions; null where rows cannot say the same. */
export function readConditions(text: string): Group | null {
  if (text.trim() === "") return { logic: "and", items: [] };
  const found = tokens(text);
  if (!found) return null;
  const reader = new Reader(found);
  try {
    const made = reader.either();
    if (!reader.done) return null;
    return isGroup(made) ? made : { logic: "and", items: [made] };
  } catch (error) {
    if (error instanceof NotARule) return null;
    throw error;
  }
}

class NotARule extends Error {}

const COMPARISONS: Record<string, Operator> = {
  "=": "=",
  "==": "=",
  "<>": "<>",
  "!=": "<>",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

class Reader {
  private readonly list: readonly Token[];
  private at = 0;

  constructor(list: readonly Token[]) {
    this.list = list;
  }

  get done(): boolean {
    return this.at >= this.list.length;
  }

  either(): Rule | Group {
    return this.joined("or", () => this.both());
  }

  private both(): Rule | Group {
    return this.joined("and", () => this.single());
  }

  private joined(logic: "and" | "or", next: () => Rule | Group): Rule | Group {
    const items = [next()];
    while (this.take(logic)) items.push(next());
    const [only] = items;
    return items.length === 1 && only ? only : { logic, items };
  }

  private single(): Rule | Group {
    if (this.take("not")) return this.negated();
    if (this.take("(")) {
      const inner = this.either();
      this.need(")");
      return inner;
    }
    return this.predicate();
  }

  private negated(): Rule {
    const inner = this.single();
    if (isGroup(inner)) throw new NotARule();
    const { operator } = inner;
    if (operator === "true") return { ...inner, operator: "false" };
    const turned = `not ${operator}`;
    const known: readonly string[] = ["contains", "starts_with", "ends_with", "regex_matches", "is_blank"];
    if (!known.includes(operator)) throw new NotARule();
    return { ...inner, operator: turned as Operator };
  }

  private predicate(): Rule {
    const first = this.next();
    if (first.kind === "name" && this.peek() === "(" && [...FUNCTIONS, "is_blank"].includes(first.raw.toLowerCase())) {
      return this.called(first.raw.toLowerCase());
    }
    const column = nameOf(first);
    const sign = this.list[this.at];
    const comparison = sign?.kind === "sign" ? COMPARISONS[sign.raw] : undefined;
    if (comparison) {
      this.at += 1;
      return { column, operator: comparison, values: [this.value()] };
    }
    if (this.take("is")) {
      const not = this.take("not");
      this.need("null");
      return { column, operator: not ? "is not null" : "is null", values: [] };
    }
    return this.worded(column);
  }

  private worded(column: string): Rule {
    const not = this.take("not") ? "not " : "";
    for (const word of ["like", "ilike"]) {
      if (this.take(word)) return { column, operator: `${not}${word}` as Operator, values: [this.value()] };
    }
    if (this.take("in")) return { column, operator: `${not}in` as Operator, values: this.list_() };
    if (this.take("between")) {
      const low = this.value();
      this.need("and");
      return { column, operator: `${not}between` as Operator, values: [low, this.value()] };
    }
    if (not) throw new NotARule();
    return { column, operator: "true", values: [] };
  }

  private called(name: string): Rule {
    this.need("(");
    const column = nameOf(this.next());
    if (name === "is_blank") {
      this.need(")");
      return { column, operator: "is_blank", values: [] };
    }
    this.need(",");
    const value = this.value();
    this.need(")");
    return { column, operator: name as Operator, values: [value] };
  }

  private list_(): string[] {
    this.need("(");
    const values = [this.value()];
    while (this.take(",")) values.push(this.value());
    this.need(")");
    return values;
  }

  /** A literal, a parameter or a column, as it is written. */
  private value(): string {
    const token = this.next();
    if (token.kind === "sign" && (token.raw === "-" || token.raw === "+")) {
      const number = this.next();
      if (number.kind !== "number") throw new NotARule();
      return token.raw === "-" ? `-${number.raw}` : number.raw;
    }
    if (token.kind === "sign") throw new NotARule();
    const word = token.raw.toLowerCase();
    const following = this.list[this.at];
    if (
      token.kind === "name" &&
      ["date", "timestamp", "timestamptz", "time"].includes(word) &&
      following?.kind === "text"
    ) {
      this.at += 1;
      return `${word} ${following.raw}`;
    }
    if (token.kind === "name" && this.peek() === "(") throw new NotARule();
    return token.raw;
  }

  private peek(): string | undefined {
    return this.list[this.at]?.raw.toLowerCase();
  }

  private next(): Token {
    const token = this.list[this.at];
    if (!token) throw new NotARule();
    this.at += 1;
    return token;
  }

  private take(word: string): boolean {
    const token = this.list[this.at];
    if (!token || token.kind === "text" || token.kind === "quoted" || token.raw.toLowerCase() !== word) return false;
    this.at += 1;
    return true;
  }

  private need(word: string): void {
    if (!this.take(word)) throw new NotARule();
  }
}

const KEYWORDS = new Set([
  "and",
  "or",
  "not",
  "is",
  "in",
  "between",
  "like",
  "ilike",
  "null",
  "true",
  "false",
  "case",
  "when",
  "cast",
]);

function nameOf(token: Token): string {
  if (token.kind === "quoted") return token.raw.slice(1, -1).replaceAll('""', '"');
  if (token.kind !== "name" || KEYWORDS.has(token.raw.toLowerCase())) throw new NotARule();
  return token.raw;
}

/** What a field shows for a value: text without quotes, everything else as it is written. */
export function valueText(raw: string): string {
  const literal = /^(?:(?:date|timestamp|timestamptz|time) )?'((?:[^']|'')*)'$/i.exec(raw);
  return literal ? (literal[1] ?? "").replaceAll("''", "'") : raw;
}
