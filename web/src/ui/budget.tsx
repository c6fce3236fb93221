import { Group, Text } from '@mantine/core'
import { compact } from './numbers'
import classes from './ui.module.css'

/** How much of one of the CRM's limits is used up. */
export function Budget({ window, limit, left }: { window: string; limit: number; left: number }) {
  const used = limit > 0 ? Math.min(1, Math.max(0, (limit - left) / limit)) : 0
  const text = `${compact(left)} of ${compact(limit)} calls left`
  return (
    <div>
      <Group justify="space-between" gap={4}>
        <Text size="xs" c="dimmed">
          per {window}
        </Text>
        <Text size="xs" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {text}
        </Text>
      </Group>
      <div
        className={classes.gauge}
        role="meter"
        aria-label={`Calls per ${window}`}
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={limit - left}
        aria-valuetext={text}
        data-tone={used > 0.9 ? 'warn' : undefined}
      >
        <span style={{ width: `${used * 100}%` }} />
      </div>
    </div>
  )
}
