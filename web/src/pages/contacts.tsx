import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Menu,
  Select,
  Text,
  TextInput,
  Tooltip,
  UnstyledButton,
} from '@mantine/core'
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks'
import { IconChevronDown, IconFileImport, IconFilterOff, IconPlus, IconSearch, IconUsers } from '@tabler/icons-react'
import { type ColumnDef, getCoreRowModel, type RowSelectionState, useReactTable } from '@tanstack/react-table'
import { useMemo, useRef, useState } from 'react'
import { Link, Outlet, useNavigate, useSearchParams } from 'react-router'
import { type Contact, type Crm, crmNames, crms } from '../api/client'
import { useContacts } from '../api/contacts'
import { changed, type Filter, filterOf, type Sort, sortOf } from '../api/filter'
import { useMayAct } from '../api/session'
import { standingOf } from '../api/status'
import { ActionBar } from '../ui/action_bar'
import { ContactForm } from '../ui/contact_form'
import { ContactTable } from '../ui/contact_table'
import { count } from '../ui/numbers'
import { Page } from '../ui/page'
import { StandingChip } from '../ui/standing'
import { Empty, Failed, Loading } from '../ui/states'
import { Ago } from '../ui/time'
import { Views } from '../ui/views'
import classes from '../ui/contact_table.module.css'

const sorts: { value: Sort; label: string }[] = [
  { value: '-created_at', label: 'Newest first' },
  { value: 'created_at', label: 'Oldest first' },
  { value: '-updated_at', label: 'Changed last' },
  { value: 'name', label: 'Name A to Z' },
  { value: 'email', label: 'E-mail A to Z' },
]

const statuses = [
  ['', 'Any status'],
  ['New', 'Not selected'],
  ['Queued', 'Queued'],
  ['Processing', 'Sending'],
  ['Complete', 'Complete'],
  ['Error', 'Failed'],
  ['Skipped', 'Skipped'],
] as const

export default function Contacts() {
  const [parameters, setParameters] = useSearchParams()
  const filter = useMemo(() => filterOf(parameters), [parameters])
  const sort = sortOf(parameters)
  const contacts = useContacts(filter, sort)
  const mayAct = useMayAct()
  const [adding, setAdding] = useState(false)
  const [selection, setSelection] = useState<RowSelectionState>({})
  const [allMatching, setAllMatching] = useState(false)
  const view = parameters.toString()
  const [shownView, setShownView] = useState(view)
  if (shownView !== view) {
    // What was picked in one view is not silently part of another.
    setShownView(view)
    setSelection({})
    setAllMatching(false)
  }
  const change = (changes: Record<string, string>) => setParameters(changed(parameters, changes), { replace: true })
  const rows = useMemo(() => contacts.data?.pages.flatMap((page) => page.rows) ?? [], [contacts.data])
  const last = contacts.data?.pages.at(-1)
  const total = last?.total ?? 0
  const ids = Object.keys(selection)
  const clear = () => {
    setSelection({})
    setAllMatching(false)
  }
  useHotkeys([['Escape', clear]])
  const isFiltered = Object.keys(filter).length > 0

  return (
    <Page
      title="Contacts"
      about={
        contacts.data ? `${last?.isEstimate ? 'About ' : ''}${count(total)} ${isFiltered ? 'match' : 'in all'}` : ' '
      }
      actions={
        mayAct && (
          <>
            <Button component={Link} to="/contacts/import" variant="default" leftSection={<IconFileImport size={16} />}>
              Import
            </Button>
            <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
              Add
            </Button>
          </>
        )
      }
    >
      <Toolbar parameters={parameters} sort={sort} change={change} isFiltered={isFiltered} />
      {contacts.error && !contacts.data ? (
        <Failed error={contacts.error} retry={contacts.refetch} />
      ) : contacts.isPending ? (
        <Loading rows={10} />
      ) : rows.length === 0 ? (
        <Nothing isFiltered={isFiltered} mayAct={mayAct} />
      ) : (
        <Rows
          rows={rows}
          total={total}
          filter={filter}
          change={change}
          selection={selection}
          setSelection={(next) => {
            setAllMatching(false)
            setSelection(next)
          }}
          more={contacts.hasNextPage && !contacts.isFetchingNextPage ? contacts.fetchNextPage : undefined}
          dim={contacts.isPlaceholderData}
        />
      )}
      {(ids.length > 0 || allMatching) && (
        <ActionBar
          target={allMatching ? { filter, total, isEstimate: last?.isEstimate ?? false } : { ids }}
          loaded={rows}
          canTakeAll={!allMatching && total > ids.length}
          total={total}
          isEstimate={last?.isEstimate ?? false}
          onTakeAll={() => setAllMatching(true)}
          onClear={clear}
        />
      )}
      <ContactForm opened={adding} onClose={() => setAdding(false)} />
      <Outlet />
    </Page>
  )
}

interface ToolbarProps {
  parameters: URLSearchParams
  sort: Sort
  isFiltered: boolean
  change: (changes: Record<string, string>) => void
}

function Toolbar({ parameters, sort, isFiltered, change }: ToolbarProps) {
  const by = parameters.has('name_contains') ? 'name_contains' : 'email_contains'
  const [field, setField] = useState<string>(by)
  const [text, setText] = useState(parameters.get(by) ?? '')
  const [, setParameters] = useSearchParams()
  const box = useRef<HTMLInputElement>(null)
  useHotkeys([['/', () => box.current?.focus()]])
  const search = useDebouncedCallback((name: string, value: string) => {
    change({ email_contains: '', name_contains: '', [name]: value.trim() })
  }, 200)
  return (
    <Group mb="sm" gap="xs">
      <Group gap={0} wrap="nowrap" flex="1 1 18rem" maw={440}>
        <Select
          aria-label="Search in"
          data={[
            { value: 'email_contains', label: 'E-mail' },
            { value: 'name_contains', label: 'Name' },
          ]}
          value={field}
          onChange={(value) => {
            setField(value ?? field)
            if (text) search(value ?? field, text)
          }}
          allowDeselect={false}
          w={96}
          styles={{ input: { borderStartEndRadius: 0, borderEndEndRadius: 0, borderInlineEnd: 0 } }}
        />
        <TextInput
          ref={box}
          type="search"
          aria-label="Search"
          placeholder="Search  ( / )"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            search(field, event.currentTarget.value)
          }}
          onKeyDown={(event) => event.key === 'Escape' && box.current?.blur()}
          flex={1}
          styles={{ input: { borderStartStartRadius: 0, borderEndStartRadius: 0 } }}
        />
      </Group>
      <Select
        aria-label="Kind of address"
        placeholder="Any kind of address"
        data={['SERVICE', 'CORPORATE', 'FREE', 'UNKNOWN'].map((value) => ({
          value,
          label: value.charAt(0) + value.slice(1).toLowerCase(),
        }))}
        value={parameters.get('email_type')}
        onChange={(value) => change({ email_type: value ?? '' })}
        clearable
        w={180}
      />
      <Select
        aria-label="Order"
        data={sorts}
        value={sort}
        onChange={(value) => change({ sort: value === '-created_at' ? '' : (value ?? '') })}
        allowDeselect={false}
        w={160}
      />
      <Views parameters={parameters} />
      {isFiltered && (
        <Tooltip label="Show all contacts">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Show all contacts"
            onClick={() => {
              setText('')
              setParameters({}, { replace: true })
            }}
          >
            <IconFilterOff size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  )
}

function Nothing({ isFiltered, mayAct }: { isFiltered: boolean; mayAct: boolean }) {
  const icon = <IconUsers size={28} aria-hidden />
  if (isFiltered)
    return (
      <Empty icon={icon} title="No contact matches">
        <Button component={Link} to="/contacts" variant="default" size="xs">
          Show all contacts
        </Button>
      </Empty>
    )
  return (
    <Empty icon={icon} title="There are no contacts yet">
      <Text size="sm">Import a CSV file, add one by hand, or let another program write them.</Text>
      {mayAct && (
        <Button component={Link} to="/contacts/import" size="xs">
          Import a CSV file
        </Button>
      )}
    </Empty>
  )
}

interface RowsProps {
  rows: Contact[]
  total: number
  filter: Filter
  selection: RowSelectionState
  setSelection: (selection: RowSelectionState) => void
  change: (changes: Record<string, string>) => void
  more?: () => unknown
  dim: boolean
}

function Rows({ rows, total, filter, selection, setSelection, change, more, dim }: RowsProps) {
  const navigate = useNavigate()
  const [parameters] = useSearchParams()
  const view = parameters.toString()
  const columns = useMemo<ColumnDef<Contact>[]>(
    () => [
      {
        id: 'pick',
        size: 44,
        header: ({ table }) => (
          <Checkbox
            size="xs"
            aria-label="Select all rows that are shown"
            checked={table.getIsAllRowsSelected()}
            indeterminate={table.getIsSomeRowsSelected()}
            onChange={table.getToggleAllRowsSelectedHandler()}
          />
        ),
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
        cell: ({ row }) => <Who contact={row.original} view={view} />,
      },
      ...crms.map((crm): ColumnDef<Contact> => ({
        id: crm,
        size: 132,
        header: () => <StatusFilter crm={crm} filter={filter} change={change} />,
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
    ],
    [filter, change, view],
  )
  const table = useReactTable({
    data: rows,
    columns,
    state: { rowSelection: selection },
    onRowSelectionChange: (update) => setSelection(typeof update === 'function' ? update(selection) : update),
    getRowId: (row) => row.id,
    getCoreRowModel: getCoreRowModel(),
    enableMultiRowSelection: true,
  })
  return (
    <ContactTable
      table={table}
      total={total}
      more={more}
      dim={dim}
      onOpen={(contact) => navigate(`/contacts/${contact.id}?${view}`)}
    />
  )
}

function Who({ contact, view }: { contact: Contact; view: string }) {
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

interface StatusFilterProps {
  crm: Crm
  filter: Filter
  change: (changes: Record<string, string>) => void
}

/** The head of a CRM's column, which narrows the list by the status there. */
function StatusFilter({ crm, filter, change }: StatusFilterProps) {
  const name = `${crm}_sync_status` as const
  const value = filter[name] ?? ''
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
        {statuses.map(([status, label]) => (
          <Menu.Item
            key={status}
            role="menuitemradio"
            aria-checked={status === value}
            fw={status === value ? 650 : undefined}
            onClick={() => change({ [name]: status })}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
