import { useHotkeys } from '@mantine/hooks'
import {
  flexRender,
  getCoreRowModel,
  type Row as TableRow,
  type RowSelectionState,
  useReactTable,
} from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import type { Contact } from '../api/client'
import { contact_columns } from './contact_columns'
import classes from './contact_table.module.css'

interface ContactTableProps {
  /** Those that were read. */
  rows: Contact[]
  total: number
  selection: RowSelectionState
  onSelect: (selection: RowSelectionState) => void
  /** Reads on; absent while it does, and at the end. */
  more?: () => unknown
  dim: boolean
  /** In place of the rows when there are none. */
  empty: ReactNode
  onOpen: (contact: Contact) => void
}

const row_height = 52
/** Reading on begins so many rows before the end. */
const ahead = 100

/** Knows and draws only the rows in sight, so that a million of them scroll like a hundred. */
export function ContactTable({ rows, total, selection, onSelect, more, dim, empty, onOpen }: ContactTableProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(-1)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => row_height,
    overscan: 12,
  })
  const items = virtual.getVirtualItems()
  const first = items[0]?.index ?? 0
  const end = (items.at(-1)?.index ?? -1) + 1
  useEffect(() => {
    if (more && end >= rows.length - ahead) more()
  }, [end, rows.length, more])

  const picked = useMemo(() => rows.reduce((sum, { id }) => sum + (selection[id] ? 1 : 0), 0), [rows, selection])
  const isAll = rows.length > 0 && picked === rows.length
  const table = useReactTable({
    data: useMemo(() => rows.slice(first, end), [rows, first, end]),
    columns: contact_columns,
    state: { rowSelection: selection },
    onRowSelectionChange: (update) => onSelect(typeof update === 'function' ? update(selection) : update),
    getRowId: ({ id }) => id,
    getCoreRowModel: getCoreRowModel(),
    meta: {
      picked: isAll ? 'all' : picked > 0 ? 'some' : 'none',
      pickAll: () => onSelect(isAll ? {} : Object.fromEntries(rows.map(({ id }) => [id, true]))),
    },
  })
  const inSight = table.getRowModel().rows

  const go = (step: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, at + step))
    setAt(next)
    virtual.scrollToIndex(next)
    requestAnimationFrame(() =>
      scroller.current
        ?.querySelector<HTMLElement>(`[data-index="${next}"] [data-open]`)
        ?.focus({ preventScroll: true }),
    )
  }
  useHotkeys([
    ['j', () => go(1)],
    ['k', () => go(-1)],
    ['x', () => inSight[at - first]?.toggleSelected()],
    ['o', () => rows[at] && onOpen(rows[at])],
  ])

  const widths = table
    .getVisibleLeafColumns()
    .map(({ id, getSize }) => (id === 'contact' ? `minmax(${getSize()}px, 1fr)` : `${getSize()}px`))
    .join(' ')
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="table"
      aria-label="Contacts"
      aria-rowcount={total + 1}
      data-dim={dim || undefined}
    >
      <div role="rowgroup" className={classes.head}>
        {table.getHeaderGroups().map((group) => (
          <div
            key={group.id}
            role="row"
            aria-rowindex={1}
            className={classes.row}
            style={{ gridTemplateColumns: widths }}
          >
            {group.headers.map((header) => (
              <div key={header.id} role="columnheader" className={classes.cell}>
                {flexRender(header.column.columnDef.header, header.getContext())}
              </div>
            ))}
          </div>
        ))}
      </div>
      {rows.length === 0 && (
        <div role="rowgroup">
          <div role="row">
            <div role="cell">{empty}</div>
          </div>
        </div>
      )}
      {rows.length > 0 && (
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map(({ index, start }) => {
            const row = inSight[index - first]
            if (!row) return null
            return (
              <Row
                key={row.id}
                row={row}
                index={index}
                start={start}
                widths={widths}
                isAt={index === at}
                isPicked={row.getIsSelected()}
                onFocus={setAt}
              />
            )
          })}
        </div>
      )}
    </div>
  )
}

interface RowProps {
  row: TableRow<Contact>
  index: number
  start: number
  widths: string
  isAt: boolean
  isPicked: boolean
  onFocus: (index: number) => void
}

/** Drawn once as long as nothing about it changes, however often the table moves: that makes new row objects. */
const Row = memo(
  DrawnRow,
  (before, { row, ...now }) =>
    row.original === before.row.original &&
    (Object.keys(now) as (keyof typeof now)[]).every((name) => now[name] === before[name]),
)

function DrawnRow({ row, index, start, widths, isAt, isPicked, onFocus }: RowProps) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      data-at={isAt || undefined}
      data-picked={isPicked || undefined}
      className={classes.row}
      style={{ gridTemplateColumns: widths, transform: `translateY(${start}px)` }}
      onFocus={() => onFocus(index)}
    >
      {row.getVisibleCells().map((cell) => (
        <div key={cell.id} role="cell" className={classes.cell} data-column={cell.column.id}>
          {flexRender(cell.column.columnDef.cell, cell.getContext())}
        </div>
      ))}
    </div>
  )
}
