import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { crmNames } from '../api/client'
import { refreshAll } from '../api/live'
import { cancelOperation, isTold, type Operation, showOperation, useEnded, useOperations } from '../api/operations'
import { useMayAct } from '../api/session'
import { count, plural } from './numbers'
import { tell, tellFailure } from './tell'
import classes from './ui.module.css'

const doing: Record<Operation['kind'], string> = {
  select: 'Selecting for',
  unselect: 'Unselecting for',
  skip: 'Skipping for',
  sync: 'Queueing for',
  retry: 'Trying again at',
  curation: 'Changing the status of contacts',
  verify: 'Reading back from',
}

/** "Queueing for Brevo and n8n". */
export function titleOf({ kind, crms }: Pick<Operation, 'kind' | 'crms'>): string {
  const names = new Intl.ListFormat('en').format(crms.map((crm) => crmNames[crm]))
  return names ? `${doing[kind]} ${names}` : doing[kind]
}

/** "20,000 of about 200,000". */
export function progressOf({ done, total, total_is_estimate }: Operation): string {
  if (total === null) return count(done)
  return `${count(done)} of ${total_is_estimate ? 'about ' : ''}${count(total)}`
}

/** What takes long, on every page, until it is done. */
export function Operations() {
  const client = useQueryClient()
  const { data } = useOperations()
  useEnded(data, (operation) => {
    if (operation.state === 'failed') tellFailure(new Error(operation.error), `${titleOf(operation)} ended early`)
    else void isTold(operation).then((told) => told || tell(endOf(operation)))
    refreshAll(client)
  })
  if (!data?.length) return null
  return (
    <section className={classes.operations} aria-label="Under way">
      <Stack gap="xs">
        {data.map((operation) => (
          <UnderWay key={operation.id} operation={operation} />
        ))}
      </Stack>
    </section>
  )
}

export function endOf(operation: Operation): string {
  const { kind, state, done } = operation
  const about = titleOf(operation)
  // A retry passes by those it has nothing to do for.
  const { queued_count } = operation.counts as { queued_count?: number }
  const contacts = plural(kind === 'retry' ? (queued_count ?? done) : done, 'contact')
  return state === 'cancelled' ? `${about} was stopped after ${contacts}` : `${about} is done: ${contacts}`
}

function UnderWay({ operation }: { operation: Operation }) {
  const client = useQueryClient()
  const mayAct = useMayAct()
  const [busy, setBusy] = useState(false)
  const { id, state, done, total, actor } = operation
  const title = titleOf(operation)
  const cancel = async () => {
    setBusy(true)
    try {
      // That it ended is told to everybody alike.
      showOperation(client, await cancelOperation(id))
    } catch (error) {
      tellFailure(error)
    }
    setBusy(false)
  }
  return (
    <Group gap="sm" data-operation={state}>
      <Text size="sm" fw={600} title={`Begun by ${actor.replace(/^(api|cli):/, '')}`}>
        {title}
      </Text>
      <Progress
        value={total ? Math.min(100, (100 * done) / total) : 100}
        animated={state === 'running'}
        aria-label={title}
        flex="1 1 8rem"
      />
      <Text size="xs" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {progressOf(operation)}
        {state === 'interrupted' && ', interrupted: goes on by itself'}
      </Text>
      {mayAct && (
        <Button
          size="compact-xs"
          variant="default"
          loading={busy}
          aria-label={`Stop: ${title}`}
          onClick={() => void cancel()}
        >
          Stop
        </Button>
      )}
    </Group>
  )
}
