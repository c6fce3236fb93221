import { Button, Group, Menu, Text, TextInput } from '@mantine/core'
import { readLocalStorageValue, useLocalStorage } from '@mantine/hooks'
import { IconBookmark, IconLink, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { crmNames, crms } from '../api/client'
import { tell } from './tell'

interface View {
  name: string
  query: string
}

const key = 'crmsync-views'
const given: View[] = [
  { name: 'Everybody', query: '' },
  { name: 'Not selected anywhere', query: crms.map((crm) => `${crm}_sync_status=New`).join('&') },
  ...crms.map((crm) => ({ name: `Failed at ${crmNames[crm]}`, query: `${crm}_sync_status=Error` })),
]

/** Views are links; those that somebody named are kept in this browser. */
export function Views({ parameters }: { parameters: URLSearchParams }) {
  const [own, setOwn] = useLocalStorage<View[]>({ key, defaultValue: readLocalStorageValue({ key, defaultValue: [] }) })
  const [name, setName] = useState('')
  const navigate = useNavigate()
  const query = parameters.toString()
  const item = (view: View) => (
    <Menu.Item key={view.name} onClick={() => navigate(`/contacts${view.query && `?${view.query}`}`)}>
      {view.name}
    </Menu.Item>
  )
  return (
    <Menu position="bottom-end" width={280} withinPortal>
      <Menu.Target>
        <Button variant="default" leftSection={<IconBookmark size={16} />}>
          Views
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {given.map(item)}
        {own.length > 0 && (
          <>
            <Menu.Divider />
            <Menu.Label>Yours, in this browser</Menu.Label>
            {own.map(item)}
            <Menu.Item leftSection={<IconTrash size={14} aria-hidden />} onClick={() => setOwn([])}>
              Forget yours
            </Menu.Item>
          </>
        )}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLink size={14} aria-hidden />}
          onClick={() =>
            void navigator.clipboard.writeText(location.href).then(() => tell('The link to this view is copied'))
          }
        >
          Copy a link to this view
        </Menu.Item>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            const named = name.trim()
            if (!named) return
            setOwn([...own.filter((view) => view.name !== named), { name: named, query }])
            setName('')
            tell(<Text size="sm">Kept as “{named}”</Text>)
          }}
        >
          <Group gap={4} p={6} wrap="nowrap">
            <TextInput
              size="xs"
              aria-label="Name of this view"
              placeholder="Keep this view as…"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              flex={1}
            />
            <Button size="xs" type="submit" variant="default">
              Keep
            </Button>
          </Group>
        </form>
      </Menu.Dropdown>
    </Menu>
  )
}
