import { Group, Text } from '@mantine/core'
import { IconPlugConnectedX } from '@tabler/icons-react'
import { useConnection } from '../api/live'
import { useSummary } from '../api/queries'
import { useNow } from './now'
import { words } from './time'
import classes from './ui.module.css'

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

/** Whether what is shown follows what happens, and since when it does not. */
export function LiveSign() {
  const { state } = useConnection()
  const { dataUpdatedAt } = useSummary()
  const now = useNow()
  const age = dataUpdatedAt ? words((now - dataUpdatedAt) / 1000) : 'not yet'
  const looks = {
    live: { tone: 'ok', text: 'Live' },
    connecting: { tone: 'wait', text: 'Connecting' },
    lost: { tone: 'bad', text: 'Connection lost' },
  }[state]
  return (
    <Group gap={6} px="xs" wrap="nowrap" role="status" aria-live="polite">
      <span className={classes.chip} data-tone={looks.tone} data-connection={state}>
        ●<span>{looks.text}</span>
      </span>
      <Text size="xs" c="dimmed" aria-live="off">
        {state === 'live' ? '' : `updated ${age}`}
      </Text>
    </Group>
  )
}

/** A proxy that ends what lasts long is no loss: the browser connects again within this time. */
const patience_ms = 2_000

/** Says that what is shown grows old, where nobody can overlook it. */
export function LostConnection() {
  const { state, since } = useConnection()
  const now = useNow()
  if (state !== 'lost' || now - since < patience_ms) return null
  return (
    <div className={classes.lost} role="alert">
      <IconPlugConnectedX size={18} aria-hidden />
      <span>
        <b>No connection to crmsync</b> since {clock.format(since)}. What is shown may be out of date. Trying again…
      </span>
    </div>
  )
}
