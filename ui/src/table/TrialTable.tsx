// The table of the selected trials: sorted by any column, with chosen columns, a page at a time, as CSV.
import { useMemo, useState } from "react";
import type { Study } from "../api/types";
import { Choice } from "../parts/Choice";
import type { Selected } from "../filter/selection";
import type { Frame } from "../frame/frame";
import { PlaceLink } from "../host/links";
import { Panel, StateMark } from "../parts/bits";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { columnsOf, firstColumns, type Column } from "./columns";
import { csv, download } from "./csv";
import { sorted, type Order } from "./sort";

const PAGE = 50;

interface Props {
  study: Study;
  frame: Frame;
  selected: Selected;
  /** The trial that is open. */
  chosen: number | null;
}

export function TrialTable({ study, frame, selected, chosen }: Props) {
  const texts = useTexts();
  const formats = useFormats();
  const all = useMemo(() => columnsOf(frame, texts, formats), [frame, texts, formats]);
  const [names, setNames] = useState<readonly string[] | null>(null);
  const [order, setOrder] = useState<Order>({ column: "number", descending: true });
  const [page, setPage] = useState(0);
  const shown = useMemo(() => {
    const wanted = names ?? firstColumns(all);
    return all.filter(({ name }) => wanted.includes(name));
  }, [all, names]);
  const rows = useMemo(() => {
    const by = all.find(({ name }) => name === order.column) ?? all[0]!;
    return sorted(selected.mask, by.raw, order.descending);
  }, [all, order, selected]);
  const first = Math.min(page * PAGE, Math.max(0, rows.length - 1 - ((rows.length - 1) % PAGE)));
  const visible = rows.subarray(first, first + PAGE);
  return (
    <Panel
      title={texts.table.title}
      aside={
        <span className="hpo-row">
          <Choice all={all.map(({ name }) => name)} shown={shown.map(({ name }) => name)} label={(name) => all.find((one) => one.name === name)!.title} choose={setNames} title={texts.table.columns} />
          <button type="button" onClick={() => download(`${study.name}.csv`, csv(all.map(({ name }) => name), all.map(({ raw }) => raw), rows))}>
            {texts.table.csv}
          </button>
        </span>
      }
    >
      <div className="hpo-scroll" tabIndex={0} role="group" aria-label={texts.table.title}>
        <table>
          <caption>{texts.table.caption(formats.count(rows.length), formats.count(frame.length))}</caption>
          <Heads shown={shown} order={order} setOrder={setOrder} />
          <tbody>
            {Array.from(visible, (row) => (
              <Row key={frame.columns.number[row]} frame={frame} row={row} shown={shown} chosen={frame.columns.number[row] === chosen} />
            ))}
          </tbody>
        </table>
      </div>
      <Pager first={first} count={rows.length} go={(next) => setPage(Math.floor(next / PAGE))} />
    </Panel>
  );
}

function Heads({ shown, order, setOrder }: { shown: readonly Column[]; order: Order; setOrder: (order: Order) => void }) {
  return (
    <thead>
      <tr>
        {shown.map(({ name, title, right }) => {
          const own = order.column === name;
          const direction = own ? (order.descending ? "descending" : "ascending") : "none";
          return (
            <th key={name} scope="col" aria-sort={direction} className={right ? "hpo-number" : undefined}>
              <button type="button" onClick={() => setOrder({ column: name, descending: own ? !order.descending : false })}>
                {title}
                <span aria-hidden="true">{own ? (order.descending ? " ▼" : " ▲") : ""}</span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function Row({ frame, row, shown, chosen }: { frame: Frame; row: number; shown: readonly Column[]; chosen: boolean }) {
  const texts = useTexts();
  const number = frame.columns.number[row]!;
  const replaced = frame.columns.superseded[number];
  return (
    <tr className={chosen ? "hpo-chosen" : undefined}>
      {shown.map(({ name, right, text }) => {
        const look = right ? "hpo-number" : undefined;
        if (name === "number") {
          return (
            <th key={name} scope="row" className={look}>
              <PlaceLink to={{ trial: number }} stay current={chosen} label={texts.common.number(number)}>
                {number}
              </PlaceLink>
            </th>
          );
        }
        return (
          <td key={name} className={look}>
            {name === "state" ? <StateMark state={frame.columns.state[row]!} /> : text(row)}
            {name === "state" && replaced !== undefined ? <small> {texts.table.replaced(replaced)}</small> : null}
            {name === "state" && replaced === undefined && frame.counts[row] === 0 ? <small> {texts.table.invalid}</small> : null}
          </td>
        );
      })}
    </tr>
  );
}

function Pager({ first, count, go }: { first: number; count: number; go: (first: number) => void }) {
  const texts = useTexts().table;
  const formats = useFormats();
  if (count <= PAGE) return null;
  return (
    <div className="hpo-row" style={{ marginTop: 8 }}>
      <button type="button" disabled={first === 0} onClick={() => go(first - PAGE)}>
        {texts.before}
      </button>
      <span role="status">{texts.rows(formats.count(first + 1), formats.count(Math.min(count, first + PAGE)), formats.count(count))}</span>
      <button type="button" disabled={first + PAGE >= count} onClick={() => go(first + PAGE)}>
        {texts.after}
      </button>
    </div>
  );
}
