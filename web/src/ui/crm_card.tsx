import { ActionIcon, Anchor, Group, Stack, Text, Tooltip } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { type Bucket, errorsOf } from '../api/activity'
import { api, ask, type Crm, crmNames, type Schemas } from '../api/client'
import { refreshStatus } from '../api/live'
import { allReadings, rateOf, secondsLeft } from '../api/pace'
import { useMayAct } from '../api/session'
import { Budget } from './budget'
import { HealthSign, reasonOf } from './health'
import { compact, count, duration, perSecond, plural, share } from './numbers'
import { Sparkline } from './sparkline'
import { attempt } from './tell'
import { Ago } from './time'
import classes from './ui.module.css'

interface CrmCardProps {
  crm: Crm
  counts: Schemas['CrmSummary']
  health: Schemas['CrmHealth']
  /** Of the last hour, as soon as they are known. */
  buckets?: Bucket[]
}

export function CrmCard({ crm, counts, health, buckets }: CrmCardProps) {
  const rate = rateOf(allReadings(), crm)
  const waiting = health.queue_depth + health.running
  const left = secondsLeft(waiting, rate)
  const reason = reasonOf(health)
  return (
    <section className={classes.card} aria-label={crmNames[crm]} data-crm={crm}>
      <Stack gap="xs" h="100%">
        <Group justify="space-between" wrap="nowrap">
          <Anchor component={Link} to={`/connectors/${crm}`} fw={650} c="inherit">
            {crmNames[crm]}
          </Anchor>
          <Group gap={4} wrap="nowrap">
            <HealthSign health={health} />
            <PauseButton crm={crm} health={health} />
          </Group>
        </Group>
        {reason && (
          <Text size="xs" c="dimmed" lineClamp={2} title={reason}>
            {reason}
          </Text>
        )}
        <CountsBar counts={counts} />
        <Group justify="space-between" gap={4}>
          <Text size="sm">
            <b>{compact(counts.complete)}</b> complete
          </Text>
          {waiting > 0 && (
            <Text size="sm">
              <b>{compact(waiting)}</b> to go
            </Text>
          )}
          {counts.changed_since_sync > 0 && (
            <Anchor
              component={Link}
              to={`/contacts?${crm}_changed_since_sync=true`}
              size="sm"
              c="var(--app-warn)"
              underline="always"
            >
              {compact(counts.changed_since_sync)} changed since
            </Anchor>
          )}
          {counts.error > 0 && (
            <Anchor component={Link} to={`/failures?crm=${crm}`} size="sm" c="var(--app-bad)" underline="always">
              {compact(counts.error)} failed
            </Anchor>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {rate === null ? '…' : rate > 0 ? perSecond(rate) : 'idle'}
          {left !== null && ` · about ${duration(left)} left`}
          {health.error_rate > 0 && ` · ${share(health.error_rate)} of calls fail`}
        </Text>
        {buckets && <Errors buckets={buckets} />}
        <Stack gap={6} mt="auto">
          {health.budget.map((budget) => (
            <Budget key={budget.window} {...budget} />
          ))}
          <Text size="xs" c="dimmed">
            {health.last_acknowledged_at ? (
              <>
                Last success <Ago at={health.last_acknowledged_at} />
              </>
            ) : (
              'No success yet'
            )}
          </Text>
        </Stack>
      </Stack>
    </section>
  )
}

/** When attempts of the last hour went wrong. */
function Errors({ buckets }: { buckets: Bucket[] }) {
  const values = buckets.map(errorsOf)
  const total = values.reduce((sum, value) => sum + value, 0)
  const text = total === 0 ? 'No errors in the last hour' : `${plural(total, 'error')} in the last hour`
  return (
    <div>
      <Text size="xs" c="dimmed">
        {text}
      </Text>
      {total > 0 && (
        <Sparkline values={values} label={`${text}, at most ${plural(Math.max(...values), 'error')} in a minute`} />
      )}
    </div>
  )
}

const parts = [
  ['complete', 'ok', 'complete'],
  ['processing', 'wait', 'being sent'],
  ['queued', 'wait', 'queued'],
  ['error', 'bad', 'failed'],
  ['skipped', 'off', 'skipped'],
] as const

/** How the selected contacts are shared out over the statuses. */
function CountsBar({ counts }: { counts: Schemas['CrmSummary'] }) {
  const values = parts.map(([name, tone, word]) => ({
    tone,
    word,
    value: name === 'queued' ? counts.queued + counts.selected : counts[name],
  }))
  const text = values
    .filter(({ value }) => value > 0)
    .map(({ value, word }) => `${count(value)} ${word}`)
    .join(', ')
  return (
    <div className={classes.bar} role="img" aria-label={text || 'Nothing is selected'} title={text}>
      {values.map(
        ({ value, tone, word }) =>
          value > 0 && <span key={word} style={{ flexGrow: value, background: `var(--app-${tone})` }} />,
      )}
    </div>
  )
}

export function PauseButton({ crm, health }: { crm: Crm; health: Schemas['CrmHealth'] }) {
  const client = useQueryClient()
  const mayAct = useMayAct()
  const [busy, setBusy] = useState(false)
  if (!mayAct || !health.configured) return null
  const name = `${health.paused ? 'Resume' : 'Pause'} ${crmNames[crm]}`
  const toggle = async () => {
    setBusy(true)
    const path = health.paused ? '/api/v3/crm/{crm}/resume' : '/api/v3/crm/{crm}/pause'
    await attempt(
      () => ask(api.POST(path, { params: { path: { crm } } })),
      ({ paused }) => `${crmNames[crm]} is ${paused ? 'paused: nothing is sent until you resume it' : 'sending again'}`,
    )
    refreshStatus(client)
    setBusy(false)
  }
  return (
    <Tooltip label={name}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={name}
        loading={busy}
        onClick={() => void toggle()}
      >
        {health.paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  )
}
