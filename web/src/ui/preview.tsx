import { Stack, Table, Text } from '@mantine/core'
import type { Schemas } from '../api/client'
import classes from './ui.module.css'

type Change = NonNullable<Schemas['Preview']['changes']>[number]

/** What a CRM would get of one contact, how each field came to be, and how that differs from what it has. */
export function Preview({ preview }: { preview: Schemas['Preview'] }) {
  const differ = new Map((preview.changes ?? []).map(({ field, change }) => [field, change]))
  const fields = preview.fields ?? []
  return (
    <Stack gap="xs">
      {preview.refusal && (
        <Text size="sm" c="var(--app-bad)">
          It would be refused. {preview.refusal.field}: {preview.refusal.reason}
        </Text>
      )}
      {preview.unchanged_since_last_sync && (
        <Text size="sm" c="dimmed">
          The same as what was acknowledged last.
        </Text>
      )}
      {preview.warnings.map((warning) => (
        <Text key={warning} size="sm" c="var(--app-warn)">
          {warning}
        </Text>
      ))}
      {differ.size > 0 && (
        <Text size="sm">
          Differs from what was acknowledged last in <b>{[...differ.keys()].join(', ')}</b>.
        </Text>
      )}
      {fields.length > 0 && (
        <Table fz="xs" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Field</Table.Th>
              <Table.Th>Value</Table.Th>
              <Table.Th>From</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {fields.map(({ field, value, rule, note }) => (
              <Table.Tr key={field}>
                <Table.Td>
                  {field} <Changed change={differ.get(field)} />
                </Table.Td>
                <Table.Td dir="auto" style={{ overflowWrap: 'anywhere' }}>
                  {value ?? (
                    <Text span size="xs" c="dimmed">
                      {note || 'nothing'}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td c="dimmed">{rule}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {preview.payload && (
        <pre className={classes.code} tabIndex={0} aria-label="The body of the call">
          {JSON.stringify(preview.payload, null, 2)}
        </pre>
      )}
    </Stack>
  )
}

function Changed({ change }: { change?: Change['change'] }) {
  if (!change) return null
  return (
    <span className={classes.chip} data-tone="warn">
      {change}
    </span>
  )
}
