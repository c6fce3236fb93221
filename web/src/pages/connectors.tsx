import {
  Alert,
  Button,
  Checkbox,
  Group,
  NumberInput,
  Progress,
  SimpleGrid,
  Stack,
  Table,
  Tabs,
  Text,
} from '@mantine/core'
import { IconCircleCheck, IconPlugConnected, IconSettings } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { api, ask, ApiError, type Crm, crmNames, crms, type Schemas } from '../api/client'
import { readPage } from '../api/contacts'
import { refreshStatus } from '../api/live'
import { useHealth, useSummary, useVerification } from '../api/queries'
import { useMay, useMayAct } from '../api/session'
import { Budget } from '../ui/budget'
import { PauseButton } from '../ui/crm_card'
import { HealthSign, reasonOf } from '../ui/health'
import { count, plural, share } from '../ui/numbers'
import { Card, Facts, Page } from '../ui/page'
import { Preview } from '../ui/preview'
import { Empty, Shown } from '../ui/states'
import { attempt } from '../ui/tell'
import { Ago } from '../ui/time'

const isCrm = (name: string | undefined): name is Crm => (crms as readonly string[]).includes(name ?? '')

export default function Connectors() {
  const { crm } = useParams()
  const navigate = useNavigate()
  const health = useHealth()
  if (!isCrm(crm))
    return (
      <Page title="Connectors">
        <Empty title="There is no such CRM" />
      </Page>
    )
  return (
    <Page title="Connectors" about="Each CRM: whether it works, what it may be called, what it holds.">
      <Tabs value={crm} onChange={(name) => void navigate(`/connectors/${name}`)} keepMounted={false}>
        <Tabs.List mb="md">
          {crms.map((name) => (
            <Tabs.Tab key={name} value={name}>
              <Group gap="xs">
                {crmNames[name]}
                {health.data && <HealthSign health={health.data.crms[name]} />}
              </Group>
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {crms.map((name) => (
          <Tabs.Panel key={name} value={name}>
            <Shown query={health}>{({ crms: all }) => <Connector crm={name} health={all[name]} />}</Shown>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  )
}

interface ConnectorProps {
  crm: Crm
  health: Schemas['CrmHealth']
}

function Connector({ crm, health }: ConnectorProps) {
  if (!health.configured)
    return (
      <Empty icon={<IconPlugConnected size={28} aria-hidden />} title={`${crmNames[crm]} is not set up`}>
        <Text size="sm">
          {health.reason}. Set it in the environment or in .env, and start crmsync again. What is selected for it waits.
        </Text>
      </Empty>
    )
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} style={{ alignItems: 'start' }}>
      <Stack>
        <State crm={crm} health={health} />
        <Verification crm={crm} />
      </Stack>
      <Stack>
        <Setup crm={crm} health={health} />
        <MappingPreview crm={crm} />
      </Stack>
    </SimpleGrid>
  )
}

function State({ crm, health }: ConnectorProps) {
  const may = useMay()
  const { data: summary } = useSummary()
  const [busy, setBusy] = useState(false)
  const [tested, setTested] = useState<Schemas['CredentialsTest'] | ApiError>()
  const test = async () => {
    setBusy(true)
    setTested(undefined)
    try {
      setTested(await ask(api.POST('/api/v3/crm/{crm}/test', { params: { path: { crm } } })))
    } catch (error) {
      setTested(error as ApiError)
    }
    setBusy(false)
  }
  const reason = reasonOf(health)
  const waiting = summary ? summary[crm].queued + summary[crm].selected : health.queue_depth
  return (
    <Card
      title="State"
      aside={
        <Group gap="xs">
          <HealthSign health={health} />
          <PauseButton crm={crm} health={health} />
        </Group>
      }
    >
      <Stack>
        {reason && <Text size="sm">{reason}</Text>}
        <Facts
          facts={[
            ['Waiting', `${count(waiting)}, ${count(health.due)} due now`],
            ['Being sent', `${count(health.running)} (${plural(health.in_flight, 'call')} under way)`],
            ['Oldest waiting', health.oldest_waiting && <Ago key="oldest" at={health.oldest_waiting} />],
            ['Last success', health.last_acknowledged_at && <Ago key="last" at={health.last_acknowledged_at} />],
            ['Calls that fail', share(health.error_rate)],
            ['Next look at the queue', health.next_sweep_at && <Ago key="next" at={health.next_sweep_at} />],
          ]}
        />
        {health.budget.length > 0 ? (
          <Stack gap={8}>
            {health.budget.map((budget) => (
              <Budget key={budget.window} {...budget} />
            ))}
            <Text size="xs" c="dimmed">
              A reserve is kept back for the account’s other users.
            </Text>
          </Stack>
        ) : (
          <Text size="sm" c="dimmed">
            No limit is published: the pace follows how fast it answers.
          </Text>
        )}
        {may('operator') && (
          <Group>
            <Button size="xs" variant="default" loading={busy} onClick={() => void test()}>
              Test the credentials
            </Button>
            {tested && (
              <Text
                size="sm"
                role="status"
                c={!(tested instanceof ApiError) && tested.ok ? 'var(--app-ok)' : 'var(--app-bad)'}
              >
                {tested instanceof ApiError || !tested.ok ? '✕' : '✓'} {tested.message}
              </Text>
            )}
          </Group>
        )}
        {may('admin') && <TestAlert crm={crm} />}
      </Stack>
    </Card>
  )
}

/** Whether whoever is to be told of trouble really is. */
function TestAlert({ crm }: { crm: Crm }) {
  const [busy, setBusy] = useState(false)
  const [tried, setTried] = useState<Schemas['TriedAlert'][] | ApiError>()
  const test = async () => {
    setBusy(true)
    try {
      setTried(await ask(api.POST('/api/v3/alerts/test', { body: { crm } })))
    } catch (error) {
      setTried(error as ApiError)
    }
    setBusy(false)
  }
  return (
    <Group>
      <Button size="xs" variant="default" loading={busy} onClick={() => void test()}>
        Send a test alert
      </Button>
      <div role="status">
        {tried instanceof ApiError ? (
          <Text size="sm" c="var(--app-warn)">
            {tried.message}
          </Text>
        ) : (
          tried?.map(({ way, to, accepted, answer }) => (
            <Text key={`${way} ${to}`} size="sm" c={accepted ? 'var(--app-ok)' : 'var(--app-bad)'}>
              {accepted ? '✓' : '✕'} {way} to {to}: {answer}
            </Text>
          ))
        )}
      </div>
    </Group>
  )
}

function Setup({ crm, health }: ConnectorProps) {
  const client = useQueryClient()
  const mayAct = useMayAct()
  const [plan, setPlan] = useState<Schemas['SetupReport']>()
  const [busy, setBusy] = useState(false)
  const run = async (create: boolean) => {
    setBusy(true)
    const report = await attempt(
      () => ask(api.POST('/api/v3/crm/{crm}/setup', { params: { path: { crm } }, body: { create } })),
      ({ missing, created }) =>
        create ? `${plural(created.length, 'field')} created` : `${plural(missing.length, 'field')} missing`,
    )
    if (report) setPlan(report)
    refreshStatus(client)
    setBusy(false)
  }
  return (
    <Card title="Fields">
      <Stack>
        {health.problems.length > 0 && !plan && (
          <Alert
            color="yellow"
            variant="outline"
            title="Some values do not arrive"
            styles={{ title: { color: 'var(--app-warn)' } }}
          >
            {health.problems.map((problem) => (
              <Text key={problem} size="sm">
                {problem}
              </Text>
            ))}
          </Alert>
        )}
        {plan ? (
          <Facts
            facts={[
              ['There', plan.present.join(', ')],
              ['Missing', plan.missing.join(', ')],
              ...(plan.created.length ? [['Created', plan.created.join(', ')] as [string, string]] : []),
              ...plan.problems.map((problem): [string, string] => ['Problem', problem]),
            ]}
          />
        ) : (
          <Text size="sm" c="dimmed">
            The fields that crmsync fills have to exist at {crmNames[crm]}. The plan shows what is missing and changes
            nothing.
          </Text>
        )}
        {mayAct && (
          <Group gap="xs">
            <Button
              size="xs"
              variant="default"
              loading={busy}
              leftSection={<IconSettings size={14} />}
              onClick={() => void run(false)}
            >
              Show the plan
            </Button>
            {plan && plan.missing.length > 0 && (
              <Button size="xs" loading={busy} onClick={() => void run(true)}>
                Create {plural(plan.missing.length, 'field')} at {crmNames[crm]}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Card>
  )
}

function Verification({ crm }: { crm: Crm }) {
  const client = useQueryClient()
  const mayAct = useMayAct()
  const verification = useVerification(crm)
  const [percent, setPercent] = useState<number>(100)
  const [repair, setRepair] = useState(false)
  const start = async () => {
    await attempt(
      () =>
        ask(
          api.POST('/api/v3/crm/{crm}/verify', {
            params: { path: { crm } },
            body: { sample_percent: percent, repair },
          }),
        ),
      ({ message }) => message,
    )
    await client.invalidateQueries({ queryKey: ['verification', crm] })
  }
  return (
    <Card title={`What ${crmNames[crm]} really holds`}>
      <Shown query={verification} rows={1}>
        {(data) =>
          data.can_be_verified ? (
            <Stack>
              <Facts
                facts={[
                  ['As sent', count(data.counts.verified)],
                  ['Different', count(data.counts.drifted)],
                  ['Not there', count(data.counts.missing)],
                  ['Edited here since', count(data.counts.changed)],
                  ['Not read back yet', count(data.counts.unverified)],
                  ['Opted out there', count(data.opted_out)],
                ]}
              />
              {data.running ? (
                <div role="status">
                  <Text size="sm">
                    {count(data.running.checked)} of {count(data.running.expected)} read back
                  </Text>
                  <Progress
                    mt={4}
                    value={(100 * data.running.checked) / Math.max(1, data.running.expected)}
                    animated
                    aria-label="Verification"
                  />
                </div>
              ) : (
                data.last_run && (
                  <Text size="sm" c="dimmed">
                    Last run <Ago at={data.last_run.started_at} />: {plural(data.last_run.checked, 'contact')} with{' '}
                    {plural(data.last_run.calls, 'call')}. {data.last_run.problem}
                  </Text>
                )
              )}
              {data.examples.length > 0 && <Examples examples={data.examples} />}
              {mayAct && !data.running && (
                <Group gap="sm" align="flex-end">
                  <NumberInput
                    size="xs"
                    label="Percent of them"
                    min={1}
                    max={100}
                    value={percent}
                    onChange={(value) => setPercent(Number(value) || 100)}
                    w={110}
                  />
                  <Checkbox
                    size="xs"
                    pb={6}
                    label="Send again what differs"
                    checked={repair}
                    onChange={(event) => setRepair(event.currentTarget.checked)}
                  />
                  <Button
                    size="xs"
                    variant="default"
                    leftSection={<IconCircleCheck size={14} />}
                    onClick={() => void start()}
                  >
                    Read back
                  </Button>
                </Group>
              )}
            </Stack>
          ) : (
            <Text size="sm" c="dimmed">
              {data.reason}
            </Text>
          )
        }
      </Shown>
    </Card>
  )
}

const results: Record<Schemas['VerificationExample']['result'], string> = {
  verified: 'as sent',
  drifted: 'different',
  missing: 'not there',
  changed: 'edited here since',
}

function Examples({ examples }: { examples: Schemas['VerificationExample'][] }) {
  return (
    <Table fz="xs" verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Contact</Table.Th>
          <Table.Th>There</Table.Th>
          <Table.Th>Fields</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {examples.map(({ contact_id, email, result, fields }) => (
          <Table.Tr key={contact_id}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>
              <Text component={Link} to={`/contacts/${contact_id}`} size="xs" td="underline">
                {email}
              </Text>
            </Table.Td>
            <Table.Td>{results[result]}</Table.Td>
            <Table.Td>{fields.join(', ') || '–'}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function MappingPreview({ crm }: { crm: Crm }) {
  const preview = useQuery({
    queryKey: ['mapping', crm],
    queryFn: async ({ signal }) => {
      const { rows } = await readPage({ limit: 1, sort: '-updated_at' }, signal)
      const contact = rows[0]
      if (!contact) return null
      const answer = await ask(
        api.POST('/api/v3/contacts/{crm}/preview', {
          params: { path: { crm } },
          body: { contact_ids: [contact.id], explain: true },
          signal,
        }),
      )
      return 'previews' in answer ? { contact, preview: answer.previews[0] } : null
    },
  })
  return (
    <Card title="Mapping">
      <Shown query={preview} rows={1}>
        {(data) =>
          data?.preview ? (
            <Stack gap="xs">
              <Text size="sm" c="dimmed">
                As it makes of the contact that changed last, {data.contact.email}. A TOML file changes it.
              </Text>
              <Preview preview={data.preview} />
            </Stack>
          ) : (
            <Text size="sm" c="dimmed">
              Shown as soon as there is a contact to show it with.
            </Text>
          )
        }
      </Shown>
    </Card>
  )
}
