import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import css from "./DataTable.module.css";
import { ScrollFrame } from "./ScrollFrame";

export interface Column<Row> {
  key: string;
  title: ReactNode;
  cell: (row: Row) => ReactNode;
  /** Figures stand at the right, so that their digits line up. */
  figures?: boolean;
  /** The name of the field by which the server sorts; absent where it cannot. */
  sortBy?: string;
  /** The cell that names its row, for screen readers. One column has it. */
  names?: boolean;
  className?: string | undefined;
}

interface DataTableProps<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** `name` ascending, `-name` descending. */
  sort?: string | undefined;
  onSort?: (sort: string) => void;
  /** Rows at the end that sum up the others. */
  footer?: ReactNode;
  /** Rows that came in since the list was opened. */
  fresh?: ReadonlySet<string>;
  /** What stands in place of rows: says what to do next. */
  empty?: ReactNode;
  busy?: boolean;
}

/**
 * A real table: rows, cells and headers are found by role, and the server pages it, so nothing is
 * virtual. It scrolls inside its own frame, never the page.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { columns, rows, rowKey, sort, onSort, fresh, busy = false } = props;
  return (
    <ScrollFrame label={props.caption} className={css["frame"]}>
      <table className={css["table"]} aria-busy={busy}>
        <caption className="visually-hidden">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeaderCell key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.length === 0 && props.empty ? (
            <tr>
              <td className={css["empty"]} colSpan={columns.length}>
                {props.empty}
              </td>
            </tr>
          ) : null}
          {rows.map((row) => {
            const key = rowKey(row);
            return (
              <tr key={key} className={fresh?.has(key) ? css["fresh"] : undefined}>
                {columns.map((column) => (
                  <BodyCell key={column.key} column={column} row={row} />
                ))}
              </tr>
            );
          })}
        </tbody>
        {props.footer ? <tfoot>{props.footer}</tfoot> : null}
      </table>
    </ScrollFrame>
  );
}

function classes<Row>(column: Column<Row>): string {
  return `${column.figures ? css["figures"] : ""} ${column.className ?? ""}`.trim();
}

function BodyCell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  if (column.names) {
    return (
      <th scope="row" className={classes(column)}>
        {column.cell(row)}
      </th>
    );
  }
  return <td className={classes(column)}>{column.cell(row)}</td>;
}

interface HeaderCellProps<Row> {
  column: Column<Row>;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
}

function HeaderCell<Row>({ column, sort, onSort }: HeaderCellProps<Row>) {
  const { t } = useTranslation();
  const field = column.sortBy;
  if (!field || !onSort) {
    return (
      <th scope="col" className={classes(column)}>
        {column.title}
      </th>
    );
  }
  const direction = sort === field ? "ascending" : sort === `-${field}` ? "descending" : "none";
  const arrow = { ascending: "▲", descending: "▼", none: "↕" }[direction];
  return (
    <th scope="col" className={classes(column)} aria-sort={direction}>
      <button
        type="button"
        className={css["sort"]}
        title={t("table.sort")}
        onClick={() => onSort(direction === "ascending" ? `-${field}` : field)}
      >
        {column.title}
        <span className={direction === "none" ? css["unsorted"] : css["sorted"]} aria-hidden="true">
          {arrow}
        </span>
      </button>
    </th>
  );
}
