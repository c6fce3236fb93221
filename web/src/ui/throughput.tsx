import { SegmentedControl, Text } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { arrivals, type Range, useActivity } from '../api/activity'
import { crms } from '../api/client'
import { Card } from './page'
import { Loading, Shown } from './states'

const ThroughputChart = lazy(() => import('./throughput_chart'))

const ranges: Record<Range, { label: string; bucket: string }> = {
  '1h': { label: '1 h', bucket: 'minute' },
  '24h': { label: '24 h', bucket: 'quarter of an hour' },
  '7d': { label: '7 d', bucket: 'hour' },
}

/** How many contacts arrived, over time. */
export function Throughput() {
  const [range, setRange] = useState<Range>('1h')
  const activity = useActivity(range)
  return (
    <Card
      title={`Arrived per ${ranges[range].bucket}`}
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Over the last"
          data={Object.entries(ranges).map(([value, { label }]) => ({ value, label }))}
          value={range}
          onChange={(value) => setRange(value as Range)}
        />
      }
    >
      <Shown query={activity} rows={2}>
        {(data) => {
          const rows = arrivals(data)
          // The drawing of charts is as large as all the rest; it is loaded when there is something to draw.
          if (!rows.some((row) => crms.some((crm) => row[crm] > 0)))
            return (
              <Text size="sm" c="dimmed" h={220}>
                Nothing arrived at a CRM in this time.
              </Text>
            )
          return (
            <Suspense fallback={<Loading rows={2} />}>
              <ThroughputChart rows={rows} range={data.range} bucket={ranges[data.range].bucket} />
            </Suspense>
          )
        }}
      </Shown>
    </Card>
  )
}
