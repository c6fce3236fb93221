import { Alert, Button, Code, CopyButton, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask, type Schemas } from '../api/client'
import { Ask } from '../ui/ask'
import { Page } from '../ui/page'
import { Empty, Shown } from '../ui/states'
import { attempt, tellFailure } from '../ui/tell'
import { Ago, When } from '../ui/time'
import classes from '../ui/ui.module.css'

type Key = Schemas['Key']

export default function Keys() {
  const client = useQueryClient()
  const [adding, setAdding] = useState(false)
  const [doubted, setDoubted] = useState<Key>()
  const keys = useQuery({ queryKey: ['keys'], queryFn: ({ signal }) => ask(api.GET('/api/v3/keys', { signal })) })
  const refresh = () => client.invalidateQueries({ queryKey: ['keys'] })
  const revoke = async (key: Key) => {
    await attempt(
      () => ask(api.DELETE('/api/v3/keys/{id}', { params: { path: { id: key.id } } })),
      () => `${key.name} opens nothing any more`,
    )
    await refresh()
  }
  return (
    <Page
      title="Keys"
      about="For machines that call the API. A key is shown once; only its hash is kept."
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
          Make a key
        </Button>
      }
    >
      <Shown query={keys} rows={8}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={<IconKey size={28} aria-hidden />} title="There are no keys yet">
              Make one for each program that calls the API, with the least role that will do.
            </Empty>
          ) : (
            <div className={classes.card} style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="Keys">
              <Table miw={640}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Role</Table.Th>
                    <Table.Th>Made</Table.Th>
                    <Table.Th>Last use</Table.Th>
                    <Table.Th>Ends</Table.Th>
                    <Table.Th>Revoke</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {all.map((key) => (
                    <Table.Tr key={key.id}>
                      <Table.Td>{key.name}</Table.Td>
                      <Table.Td>{key.role}</Table.Td>
                      <Table.Td>
                        <When at={key.created_at} /> by {key.created_by.replace(/^(api|cli):/, '')}
                      </Table.Td>
                      <Table.Td>{key.last_used_at ? <Ago at={key.last_used_at} /> : 'never'}</Table.Td>
                      <Table.Td>{key.expires_at ? <Ago at={key.expires_at} /> : 'never'}</Table.Td>
                      <Table.Td>
                        {key.revoked_at ? (
                          <Text size="sm" c="dimmed">
                            revoked <Ago at={key.revoked_at} />
                          </Text>
                        ) : (
                          <Button
                            size="compact-xs"
                            variant="default"
                            aria-label={`Revoke ${key.name}`}
                            onClick={() => setDoubted(key)}
                          >
                            Revoke…
                          </Button>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )
        }
      </Shown>
      {adding && <Make onClose={() => setAdding(false)} onMade={refresh} />}
      {doubted && (
        <Ask
          opened
          title={`Revoke ${doubted.name}?`}
          confirm="Revoke"
          danger
          onClose={() => setDoubted(undefined)}
          onConfirm={() => revoke(doubted)}
        >
          Programs that use it are refused from then on. This cannot be undone.
        </Ask>
      )}
    </Page>
  )
}

const days_of = { never: 0, 'in 30 days': 30, 'in 90 days': 90, 'in a year': 365 }

interface Values {
  name: string
  role: string
  ends: string
}

function bodyOf({ name, role, ends }: Values): Schemas['NewKey'] {
  const days = days_of[ends as keyof typeof days_of]
  const expires_at = days ? new Date(Date.now() + days * 86_400_000).toISOString() : null
  return { name: name.trim(), role: role as Schemas['Role'], expires_at }
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: () => unknown }) {
  const [made, setMade] = useState<Schemas['MadeKey']>()
  const [busy, setBusy] = useState(false)
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '', role: 'viewer', ends: 'in 90 days' } as Values,
    validate: { name: (value) => (value.trim() ? null : 'A name is needed') },
  })
  const make = async (values: Values) => {
    setBusy(true)
    try {
      setMade(await ask(api.POST('/api/v3/keys', { body: bodyOf(values) })))
      onMade()
    } catch (error) {
      tellFailure(error)
    }
    setBusy(false)
  }
  return (
    <Modal opened onClose={onClose} title="Make a key" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      {made ? (
        <Stack>
          <Alert variant="outline" title="Copy it now">
            It is not shown again.
          </Alert>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {made.key}
          </Code>
          <Group justify="flex-end" gap="xs">
            <CopyButton value={made.key}>
              {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}
            </CopyButton>
            <Button variant="default" onClick={onClose}>
              Done
            </Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={form.onSubmit((values) => void make(values))}>
          <Stack gap="sm">
            <TextInput label="Name" required data-autofocus {...form.getInputProps('name')} />
            <Select
              label="Role"
              data={[
                { value: 'viewer', label: 'viewer: reads' },
                { value: 'operator', label: 'operator: changes contacts too' },
                { value: 'admin', label: 'admin: makes keys too' },
              ]}
              allowDeselect={false}
              {...form.getInputProps('role')}
            />
            <Select label="Ends" data={Object.keys(days_of)} allowDeselect={false} {...form.getInputProps('ends')} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={busy}>
                Make
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
