// A small table of facts: a caption, headings, and cells that are numbers or not.
import type { ReactNode } from "react";

export interface Column {
  title: string;
  number?: boolean;
  /** Whether its cells hold sentences, which need room. */
  text?: boolean;
  /** Whether its cells stay on one line, as times do. */
  fixed?: boolean;
}

interface PlainTableProps {
  caption: string;
  columns: readonly Column[];
  /** The first cell of a row is its heading. */
  rows: readonly { key: string; cells: readonly ReactNode[]; marked?: boolean }[];
}

export function PlainTable({ caption, columns, rows }: PlainTableProps) {
  const kind = (index: number): string => kindOf(columns[index]);
  return (
    <div className="hpo-scroll hpo-fit" tabIndex={0} role="group" aria-label={caption}>
      <table className="hpo-plain-table">
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={column.title} scope="col" className={kind(index)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} className={row.marked ? "hpo-marked" : ""}>
              {row.cells.map((cell, index) =>
                index === 0 ? <th key={index} scope="row" className={kind(0)}>{cell}</th> : <td key={index} className={kind(index)}>{cell}</td>,
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function kindOf(column: Column | undefined): string {
  if (column?.number) return "hpo-number";
  if (column?.text) return "hpo-text";
  return column?.fixed ? "hpo-fixed" : "";
}
