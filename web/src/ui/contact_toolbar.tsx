import { ActionIcon, Button, Group, Select, TextInput, Tooltip } from '@mantine/core'
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks'
import { IconFilterOff, IconListSearch, IconSearch, IconX } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { type Filter, type Sort, useView } from '../api/filter'
import { Views } from './views'

const sorts: { value: Sort; label: string }[] = [
  { value: '-created_at', label: 'Newest first' },
  { value: 'created_at', label: 'Oldest first' },
  { value: '-updated_at', label: 'Changed last' },
  { value: 'name', label: 'Name A to Z' },
  { value: 'email', label: 'E-mail A to Z' },
]

/** Between the last key and the question to the server. */
const search_delay_ms = 120

/** What narrows and orders the list. */
export function ContactToolbar({ onPaste }: { onPaste: () => void }) {
  const { parameters, filter, sort, change, clear } = useView()
  const [text, setText] = useState(parameters.get('search') ?? '')
  const box = useRef<HTMLInputElement>(null)
  useHotkeys([['/', () => box.current?.focus()]])
  const search = useDebouncedCallback((value: string) => change({ search: value.trim() }), search_delay_ms)
  return (
    <>
      <Group mb="sm" gap="xs">
        <TextInput
          ref={box}
          type="search"
          aria-label="Search"
          placeholder="Search name or e-mail  ( / )"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            search(event.currentTarget.value)
          }}
          onKeyDown={(event) => event.key === 'Escape' && box.current?.blur()}
          flex="1 1 16rem"
          maw={400}
        />
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
        <Button variant="default" leftSection={<IconListSearch size={16} />} onClick={onPaste}>
          Paste a list
        </Button>
        {Object.keys(filter).length > 0 && (
          <Tooltip label="Show all contacts">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Show all contacts"
              onClick={() => {
                setText('')
                clear()
              }}
            >
              <IconFilterOff size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <OtherParts filter={filter} onRemove={(name) => change({ [name]: '' })} />
    </>
  )
}

/** Parts of a view that only a link can have: whoever follows it sees them, and can take them away. */
const others: [keyof Filter, string][] = [
  ['email_contains', 'E-mail contains'],
  ['name_contains', 'Name contains'],
  ['has_gmail', 'Has Gmail'],
  ['domain_id', 'Domain'],
  ['page_id', 'Page'],
]

function OtherParts({ filter, onRemove }: { filter: Filter; onRemove: (name: string) => void }) {
  const present = others.filter(([name]) => filter[name] !== undefined)
  if (present.length === 0) return null
  return (
    <Group gap="xs" mb="sm">
      {present.map(([name, label]) => (
        <Button
          key={name}
          size="compact-sm"
          variant="light"
          rightSection={<IconX size={14} aria-hidden />}
          aria-label={`Do not ask for: ${label} ${filter[name]}`}
          onClick={() => onRemove(name)}
        >
          {label}: {String(filter[name])}
        </Button>
      ))}
    </Group>
  )
}
