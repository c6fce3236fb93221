import { Group, Text } from '@mantine/core'
import { useConnection } from '../api/live'
import { useSummary } from '../api/queries'
import { useNow } from './now'
import { words } from './time'
import classes from './ui.module.css'

/** Whether what is shown follows what happens, and since when it does not. */
export function LiveSign() {
  const connection = useConnection()
  const { dataUpdatedAt } = useSummary()
  const now = useNow()
  const age = dataUpdatedAt ? words((now - dataUpdatedAt) / 1000) : 'not yet'
  const looks = {
    live: { tone: 'ok', text: 'Live' },
    connecting: { tone: 'wait', text: 'Connecting' },
    lost: { tone: 'bad', text: 'Connection lost' },
  }[connection]
  return (
    <Group gap={6} px="xs" wrap="nowrap" role="status" aria-live="polite">
      <span className={classes.chip} data-tone={looks.tone} data-connection={connection}>
        ●<span>{looks.text}</span>
      </span>
      <Text size="xs" c="dimmed" aria-live="off">
        {connection === 'live' ? '' : `updated ${age}`}
      </Text>
    </Group>
  )
}
