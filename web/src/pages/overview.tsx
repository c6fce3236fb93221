import { Anchor, Button, Group, SimpleGrid, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconCheck, IconCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useActivity } from '../api/activity'
import { api, ask, crms, type Schemas } from '../api/client'
import { allReadings, rateOf } from '../api/pace'
import { shareInSync, sumOf, useHealth, useSummary } from '../api/queries'
import { AuditLine } from '../ui/audit_line'
import { CrmCard } from '../ui/crm_card'
import { compact, count, duration, milliseconds, perSecond, share } from '../ui/numbers'
import { Card, Page } from '../ui/page'
import { Shown } from '../ui/states'
import { Throughput } from '../ui/throughput'
import { Ago } from '../ui/time'
import classes from '../ui/ui.module.css'

export default function Overview() {
  const summary = useSummary()
  const health = useHealth()
  const activity = useActivity('1h')
  return (
    <Page title="Overview" about="Every contact in every CRM: what has arrived, what is on its way, what needs you.">
      <Shown query={summary}>
        {(counts) => (
          <Shown query={health}>
            {(state) => (
              <Stack>
                <FirstSteps summary={counts} health={state} />
                <Headline summary={counts} health={state} latency={activity.data?.selected_to_acknowledged} />
                <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
                  {crms.map((crm) => (
                    <CrmCard
                      key={crm}
                      crm={crm}
                      counts={counts[crm]}
                      health={state.crms[crm]}
                      buckets={activity.data?.crms[crm]?.buckets}
                    />
                  ))}
                </SimpleGrid>
                <SimpleGrid cols={{ base: 1, lg: 2 }}>
                  <Throughput />
                  <Recent />
                </SimpleGrid>
              </Stack>
            )}
          </Shown>
        )}
      </Shown>
    </Page>
  )
}

interface Status {
  summary: Schemas['Summary']
  health: Schemas['Health']
}

function Headline({ summary, health, latency }: Status & { latency?: Schemas['Latency'] }) {
  const counts = sumOf(summary)
  const all = Object.values(health.crms)
  const sum = (of: (crm: Schemas['CrmHealth']) => number) => all.reduce((total, crm) => total + of(crm), 0)
  const oldest = all.flatMap((crm) => crm.oldest_waiting ?? []).sort()[0]
  const inSync = shareInSync(counts)
  const later = Math.max(0, sum((crm) => crm.queue_depth) - sum((crm) => crm.due))
  const rates = crms.map((crm) => rateOf(allReadings(), crm)).filter((rate) => rate !== null)
  const speed = rates.reduce((total, rate) => total + rate, 0)
  return (
    <section className={classes.card} aria-label="In short">
      <SimpleGrid cols={{ base: 2, xs: 3, sm: 4, lg: 7 }}>
        <Figure name="In sync" value={inSync === null ? '–' : share(inSync)}>
          {inSync === null ? 'nothing is selected' : `${compact(counts.complete)} of what is selected`}
        </Figure>
        <Figure name="Queued" value={compact(counts.selected + counts.queued)}>
          {later > 0 ? `${compact(later)} not due yet` : 'go out as limits allow'}
        </Figure>
        <Figure name="Sending" value={compact(counts.processing)}>
          {rates.length === 0 ? '…' : speed > 0 ? perSecond(speed) : 'nothing arrives just now'}
        </Figure>
        <Figure name="Failed" value={compact(counts.error)} tone={counts.error > 0 ? 'bad' : undefined}>
          {counts.error > 0 ? (
            <Anchor component={Link} to="/failures" size="xs" underline="always">
              see why
            </Anchor>
          ) : (
            'nothing needs you'
          )}
        </Figure>
        <Figure name="Oldest waiting" value={oldest ? <Ago at={oldest} /> : '–'}>
          {oldest ? 'since it was selected' : 'nothing waits'}
        </Figure>
        <Figure name="Until acknowledged" value={inMilliseconds(latency?.p50_ms)}>
          {latency?.count ? `99 % within ${inMilliseconds(latency.p99_ms)}, last hour` : 'nothing in the last hour'}
        </Figure>
        <Figure name="Contacts" value={compact(summary.total_contacts)}>
          <Anchor component={Link} to="/contacts" size="xs" underline="always">
            see all
          </Anchor>
        </Figure>
      </SimpleGrid>
    </section>
  )
}

/** Rounded, as histograms are; long ones as people say them. */
function inMilliseconds(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–'
  return ms < 60_000 ? milliseconds(ms) : duration(ms / 1000)
}

interface FigureProps {
  name: string
  value: ReactNode
  tone?: 'bad'
  children: ReactNode
}

function Figure({ name, value, tone, children }: FigureProps) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fz={26} fw={650} lh={1.25} c={tone && `var(--app-${tone})`} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {children}
      </Text>
    </div>
  )
}

/** What is left to do before anything can arrive; gone once it was done. */
function FirstSteps({ summary, health }: Status) {
  const connected = Object.values(health.crms).filter((crm) => crm.configured).length
  const counts = sumOf(summary)
  const selected = Object.entries(counts).some(([name, value]) => name !== 'new' && value > 0)
  if (connected > 0 && summary.total_contacts > 0 && selected) return null
  return (
    <Card title="First steps">
      <Stack gap="sm">
        <Step done={connected > 0} text="Connect a CRM">
          {connected > 0
            ? `${count(connected)} of ${crms.length} are configured.`
            : 'Set BREVO_API_KEY (or the variables of another CRM) and start crmsync again.'}{' '}
          <Anchor component={Link} to="/connectors" size="sm" underline="always">
            Connectors
          </Anchor>
        </Step>
        <Step done={summary.total_contacts > 0} text="Take contacts in">
          Import a CSV file, or add them one by one.{' '}
          <Anchor component={Link} to="/contacts/import" size="sm" underline="always">
            Import
          </Anchor>
        </Step>
        <Step done={selected} text="Select contacts for a CRM">
          Pick some, or all that match a filter.{' '}
          <Anchor component={Link} to="/contacts" size="sm" underline="always">
            Contacts
          </Anchor>
        </Step>
      </Stack>
    </Card>
  )
}

function Step({ done, text, children }: { done: boolean; text: string; children: ReactNode }) {
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <ThemeIcon variant="transparent" size="sm" c={done ? 'var(--app-ok)' : 'dimmed'}>
        {done ? <IconCheck size={18} aria-label="Done" /> : <IconCircle size={18} aria-label="To do" />}
      </ThemeIcon>
      <div>
        <Text size="sm" fw={600}>
          {text}
        </Text>
        <Text size="sm" c="dimmed">
          {children}
        </Text>
      </div>
    </Group>
  )
}

/** What crmsync decides by itself, as a pause after too many errors, is in the audit under this name. */
const itself = 'crmsync'
const recent_max = 8

function Recent() {
  const audit = useQuery({
    queryKey: ['audit', 'recent'],
    queryFn: ({ signal }) => ask(api.GET('/api/v3/audit', { params: { query: { limit: 5 * recent_max } }, signal })),
    select: (entries) => entries.filter(({ actor }) => actor !== itself).slice(0, recent_max),
    refetchInterval: 15_000,
  })
  return (
    <Card
      title="What people decided"
      aside={
        <Button component={Link} to="/audit" variant="subtle" size="compact-xs">
          All
        </Button>
      }
    >
      <Shown query={audit} rows={2}>
        {(entries) =>
          entries.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nothing yet. Imports, selections and pauses appear here, with who made them.
            </Text>
          ) : (
            <Stack gap={6}>
              {entries.map((entry, at) => (
                <AuditLine key={at} entry={entry} />
              ))}
            </Stack>
          )
        }
      </Shown>
    </Card>
  )
}
