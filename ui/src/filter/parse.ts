// The grammar of filters: comparisons joined by and, or, not and parentheses; a word alone is looked for in every text of a row.
import { FilterError, tokens, type Token } from "./tokens";

export type Operator = "<" | "<=" | ">" | ">=" | "==" | "!=" | "~";
export type Literal = string | number;

export type Filter =
  | { kind: "and" | "or"; left: Filter; right: Filter }
  | { kind: "not"; of: Filter }
  | { kind: "compare"; name: string; operator: Operator; value: Literal }
  | { kind: "in"; name: string; values: Literal[] }
  | { kind: "word"; value: string };

const OPERATORS: ReadonlySet<string> = new Set(["<", "<=", ">", ">=", "==", "!=", "~"]);

class Parser {
  private next = 0;

  constructor(
    private readonly all: Token[],
    private readonly end: number,
  ) {}

  whole(): Filter {
    const filter = this.or();
    const rest = this.all[this.next];
    if (rest !== undefined) throw new FilterError("unexpected", rest.at, String(rest.value));
    return filter;
  }

  private or(): Filter {
    let left = this.and();
    while (this.word("or")) left = { kind: "or", left, right: this.and() };
    return left;
  }

  private and(): Filter {
    let left = this.not();
    while (this.word("and")) left = { kind: "and", left, right: this.not() };
    return left;
  }

  private not(): Filter {
    if (this.word("not")) return { kind: "not", of: this.not() };
    if (!this.sign("(")) return this.comparison();
    const inner = this.or();
    this.expect(")");
    return inner;
  }

  private comparison(): Filter {
    const token = this.take();
    if (token.kind === "sign") throw new FilterError("unexpected", token.at, token.value);
    const following = this.all[this.next];
    if (following?.kind === "sign" && OPERATORS.has(following.value)) {
      this.next += 1;
      return { kind: "compare", name: String(token.value), operator: following.value as Operator, value: this.literal() };
    }
    if (this.word("in")) return { kind: "in", name: String(token.value), values: this.list() };
    return { kind: "word", value: String(token.value) };
  }

  private list(): Literal[] {
    const closing = this.sign("[") ? "]" : ")";
    if (closing === ")") this.expect("(");
    const values = [this.literal()];
    while (this.sign(",")) values.push(this.literal());
    this.expect(closing);
    return values;
  }

  private literal(): Literal {
    const token = this.take();
    if (token.kind === "sign") throw new FilterError("unexpected", token.at, token.value);
    return token.value;
  }

  private take(): Token {
    const token = this.all[this.next];
    if (token === undefined) throw new FilterError("end", this.end, "");
    this.next += 1;
    return token;
  }

  private word(name: string): boolean {
    const token = this.all[this.next];
    if (token?.kind !== "name" || token.value.toLowerCase() !== name) return false;
    this.next += 1;
    return true;
  }

  private sign(value: string): boolean {
    const token = this.all[this.next];
    if (token?.kind !== "sign" || token.value !== value) return false;
    this.next += 1;
    return true;
  }

  private expect(value: string): void {
    const token = this.take();
    if (token.kind !== "sign" || token.value !== value) throw new FilterError("unexpected", token.at, String(token.value));
  }
}

/** A filter as a tree, or null for an empty one. */
export function parse(filter: string): Filter | null {
  const all = tokens(filter);
  return all.length === 0 ? null : new Parser(all, filter.length).whole();
}
