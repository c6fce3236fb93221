import { Button, Checkbox, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { IconPlayerPlay, IconSend } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { act } from '../api/actions'
import { type Crm, crmNames, crms } from '../api/client'
import type { Filter } from '../api/filter'
import { refreshAll } from '../api/live'
import { useHealth } from '../api/queries'
import { outcomesOf, rehearse, type Rehearsal, secondsFor } from '../api/rehearse'
import { useMayAct } from '../api/session'
import { Ask } from '../ui/ask'
import { count, duration, plural } from '../ui/numbers'
import { Card, Facts, Page } from '../ui/page'
import { Empty, Failed, Loading } from '../ui/states'
import { attempt } from '../ui/tell'

export default function Rehearse() {
  const { data: health } = useHealth()
  const [chosen, setChosen] = useState<Crm[]>([])
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [fresh, setFresh] = useState(true)
  const run = useMutation({
    mutationFn: (crm_list: Crm[]) => Promise.all(crm_list.map((crm) => rehearse(crm, filterFor(crm)))),
  })
  const filterFor = (crm: Crm): Filter => ({
    ...(email.trim() ? { email_contains: email.trim() } : {}),
    ...(name.trim() ? { name_contains: name.trim() } : {}),
    ...(fresh ? { [`${crm}_sync_status`]: 'New' } : {}),
  })
  // A result belongs to the question that was asked.
  const ask_anew =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      run.reset()
      set(value)
    }
  return (
    <Page title="Rehearse" about="What would happen if you sent contacts now. Nothing is sent, no CRM is called.">
      <Stack>
        <Card title="Whom, and where">
          <Stack>
            <Group align="flex-end">
              <TextInput
                label="E-mail contains"
                value={email}
                onChange={(event) => ask_anew(setEmail)(event.currentTarget.value)}
                w={220}
              />
              <TextInput
                label="Name contains"
                value={name}
                onChange={(event) => ask_anew(setName)(event.currentTarget.value)}
                w={220}
              />
              <Checkbox
                pb={8}
                label="Only those not selected there yet"
                checked={fresh}
                onChange={(event) => ask_anew(setFresh)(event.currentTarget.checked)}
              />
            </Group>
            <Checkbox.Group label="CRMs" value={chosen} onChange={(values) => ask_anew(setChosen)(values as Crm[])}>
              <Group mt="xs">
                {crms.map((crm) => (
                  <Checkbox
                    key={crm}
                    value={crm}
                    label={crmNames[crm]}
                    disabled={health && !health.crms[crm].configured}
                  />
                ))}
              </Group>
            </Checkbox.Group>
            <Group>
              <Button
                leftSection={<IconPlayerPlay size={16} />}
                disabled={chosen.length === 0}
                loading={run.isPending}
                onClick={() => run.mutate(chosen)}
              >
                Rehearse
              </Button>
            </Group>
          </Stack>
        </Card>
        {run.isPending && <Loading rows={2} />}
        {run.error && <Failed error={run.error} retry={() => run.mutate(chosen)} />}
        {run.data ? (
          <SimpleGrid cols={{ base: 1, lg: 2 }} style={{ alignItems: 'start' }}>
            {run.data.map((one) => (
              <Outcome
                key={one.crm}
                rehearsal={one}
                filter={filterFor(one.crm)}
                budget={health?.crms[one.crm].budget ?? []}
              />
            ))}
          </SimpleGrid>
        ) : (
          run.isIdle && (
            <Empty icon={<IconPlayerPlay size={28} aria-hidden />} title="Nothing is rehearsed yet">
              Choose one or more CRMs above. Leave the fields empty for everybody.
            </Empty>
          )
        )}
      </Stack>
    </Page>
  )
}

interface OutcomeProps {
  rehearsal: Rehearsal
  filter: Filter
  budget: { window: string; limit: number; left: number }[]
}

function Outcome({ rehearsal, filter, budget }: OutcomeProps) {
  const { crm, total, forecast, sample, delivery } = rehearsal
  const mayAct = useMayAct()
  const client = useQueryClient()
  const [asked, setAsked] = useState(false)
  const { sent, unchanged, refusals, warnings } = outcomesOf(sample)
  const time = secondsFor(total, budget)
  const whole = sample.length === total
  const go = async () => {
    const signal = new AbortController().signal
    await attempt(
      () => act('select', [crm], { filter, total, isEstimate: false }, () => undefined, signal),
      (message) => message,
    )
    refreshAll(client)
  }
  return (
    <Card title={crmNames[crm]} aside={<Text fw={650}>{plural(total, 'contact')}</Text>}>
      {total === 0 ? (
        <Text size="sm" c="dimmed">
          Nobody matches.
        </Text>
      ) : (
        <Stack>
          <Text size="xs" c="dimmed">
            {whole
              ? 'All of them were tried.'
              : `Tried with the newest ${count(sample.length)}; counts below are of those.`}
          </Text>
          <Facts
            facts={[
              ['Would be sent', `${count(sent)} of ${count(sample.length)}`],
              ...(unchanged ? [['Unchanged since last time', count(unchanged)] as [string, string]] : []),
              ...refusals.map(([why, times]): [string, string] => ['Refused', `${count(times)}: ${why}`]),
              ...warnings.map(([why, times]): [string, string] => ['Warning', `${count(times)}: ${why}`]),
              [
                'One address, several contacts',
                forecast.same_address.group_count
                  ? `${count(forecast.same_address.contact_count)} contacts in ${plural(forecast.same_address.group_count, 'group')}; the newest of each goes`
                  : 'none',
              ],
              ...(forecast.same_phone
                ? [
                    [
                      'One phone, several addresses',
                      forecast.same_phone.group_count
                        ? `${count(forecast.same_phone.contact_count)} contacts; the CRM takes a number once`
                        : 'none',
                    ] as [string, string],
                  ]
                : []),
              ['How', delivery],
              [
                'At one contact per call',
                time === null ? 'no limit is published' : `${duration(Math.max(1, time))} at the limits`,
              ],
            ]}
          />
          {mayAct && (
            <Group>
              <Button size="xs" leftSection={<IconSend size={14} />} onClick={() => setAsked(true)}>
                Do it…
              </Button>
            </Group>
          )}
        </Stack>
      )}
      <Ask
        opened={asked}
        title={`Send to ${crmNames[crm]}?`}
        confirm={`Send ${plural(total, 'contact')}`}
        onClose={() => setAsked(false)}
        onConfirm={go}
      >
        {plural(total, 'contact')} will be queued now and sent as fast as the limits allow.
      </Ask>
    </Card>
  )
}
