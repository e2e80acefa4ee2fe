// The words of a filter such as `lr < 0.01 and state == complete`.

export type Token =
  | { kind: "number"; value: number; at: number }
  | { kind: "text"; value: string; at: number }
  | { kind: "name"; value: string; at: number }
  | { kind: "sign"; value: string; at: number };

/** What is wrong with a filter, and where: the page shows the place. */
export class FilterError extends Error {
  constructor(
    readonly reason: "end" | "unexpected" | "quote",
    readonly at: number,
    readonly found: string,
  ) {
    super(`${reason} at ${at}: ${found}`);
  }
}

const SPACE = /\s+/y;
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.-])/y;
const SIGN = /<=|>=|==|!=|[<>=~(),[\]]/y;
const QUOTED = /"([^"]*)"|'([^']*)'|`([^`]*)`/y;
// Names of pods, nodes, parameters and moments: what is left between spaces and signs.
const NAME = /[^\s<>=!~()[\],"'`]+/y;

/** The tokens of a filter. A name in backticks is a name, in quotes a text. */
export function tokens(filter: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(filter);
  };
  while (at < filter.length) {
    const hit = match(SPACE) ?? match(NUMBER) ?? match(SIGN) ?? match(QUOTED) ?? match(NAME);
    if (hit === null) throw new FilterError("quote", at, filter.slice(at, at + 12));
    const token = tokenOf(hit, at);
    if (token !== null) found.push(token);
    at += hit[0].length;
  }
  return found;
}

function tokenOf(hit: RegExpExecArray, at: number): Token | null {
  const [whole, double, single, backticks] = hit;
  if (whole.trim() === "") return null;
  if (backticks !== undefined) return { kind: "name", value: backticks, at };
  const quoted = double ?? single;
  if (quoted !== undefined) return { kind: "text", value: quoted, at };
  if (/^[<>=!~(),[\]]/.test(whole)) return { kind: "sign", value: whole === "=" ? "==" : whole, at };
  const number = Number(whole);
  return Number.isNaN(number) ? { kind: "name", value: whole, at } : { kind: "number", value: number, at };
}
