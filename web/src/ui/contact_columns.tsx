import { Checkbox, Group, Menu, Text, UnstyledButton } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import type { ColumnDef, RowData, TableMeta } from '@tanstack/react-table'
import { Link, useSearchParams } from 'react-router'
import { type Contact, type Crm, crmNames, crms } from '../api/client'
import { useView } from '../api/filter'
import { standingOf } from '../api/status'
import classes from './contact_table.module.css'
import { StandingChip } from './standing'
import { Ago } from './time'

const statuses = [
  ['', 'Any status'],
  ['New', 'Not selected'],
  ['Queued', 'Queued'],
  ['Processing', 'Sending'],
  ['Complete', 'Complete'],
  ['changed', 'Changed since'],
  ['Error', 'Failed'],
  ['Skipped', 'Skipped'],
] as const

declare module '@tanstack/react-table' {
  /** Of all rows that were read: the table itself knows those in sight. */
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface TableMeta<TData extends RowData> {
    picked: 'none' | 'some' | 'all'
    pickAll: () => void
  }
}

function PickAll({ picked, pickAll }: Partial<TableMeta<Contact>>) {
  return (
    <Checkbox
      size="xs"
      aria-label="Select all rows that are shown"
      checked={picked === 'all'}
      indeterminate={picked === 'some'}
      onChange={() => pickAll?.()}
    />
  )
}

/** The same for all tables: a column that is made anew is drawn anew, and an open menu in it closes. */
export const contact_columns: ColumnDef<Contact>[] = [
  {
    id: 'pick',
    size: 44,
    header: ({ table }) => <PickAll {...table.options.meta} />,
    cell: ({ row }) => (
      <Checkbox
        size="xs"
        aria-label={`Select ${row.original.email}`}
        checked={row.getIsSelected()}
        onChange={row.getToggleSelectedHandler()}
      />
    ),
  },
  {
    id: 'contact',
    size: 300,
    header: 'Contact',
    cell: ({ row }) => <Who contact={row.original} />,
  },
  ...crms.map((crm): ColumnDef<Contact> => ({
    id: crm,
    size: 132,
    header: () => <StatusFilter crm={crm} />,
    cell: ({ row }) => (
      <StandingChip standing={standingOf(row.original, crm)} why={row.original[`${crm}_processing_error`]} />
    ),
  })),
  {
    id: 'changed',
    size: 110,
    header: 'Changed',
    cell: ({ row }) => (
      <Text size="xs" c="dimmed">
        <Ago at={row.original.updated_at} />
      </Text>
    ),
  },
]

function Who({ contact }: { contact: Contact }) {
  const [parameters] = useSearchParams()
  const view = parameters.toString()
  return (
    <Link to={`/contacts/${contact.id}${view && `?${view}`}`} data-open={contact.id} tabIndex={0}>
      <Text size="sm" fw={550} truncate className={classes.name} title={contact.name ?? undefined}>
        {contact.name || contact.email}
      </Text>
      <Text size="xs" c="dimmed" truncate title={contact.email}>
        {contact.name ? contact.email : 'no name'}
      </Text>
    </Link>
  )
}

/** The head of a CRM's column, which narrows the list by the status there. */
function StatusFilter({ crm }: { crm: Crm }) {
  const { filter, change } = useView()
  const value = filter[`${crm}_changed_since_sync`] ? 'changed' : (filter[`${crm}_sync_status`] ?? '')
  const choose = (status: string) =>
    change({
      [`${crm}_sync_status`]: status === 'changed' ? '' : status,
      [`${crm}_changed_since_sync`]: status === 'changed' ? 'true' : '',
    })
  const word = statuses.find(([status]) => status === value)?.[1] ?? value
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <UnstyledButton fz="inherit" fw="inherit" aria-label={`${crmNames[crm]}: ${word}. Filter`}>
          <Group gap={2} wrap="nowrap">
            {crmNames[crm]}
            {value && (
              <Text span fz="inherit" c="var(--app-wait)">
                : {word}
              </Text>
            )}
            <IconChevronDown size={14} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={value} onChange={choose}>
          {statuses.map(([status, label]) => (
            <Menu.RadioItem key={status} value={status} closeMenuOnClick>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  )
}
