import { Tooltip } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconClock,
  IconMinus,
  IconPencil,
  IconPlayerTrackNext,
  IconRefresh,
  IconSend,
} from '@tabler/icons-react'
import { type Standing, standingNames } from '../api/status'
import classes from './ui.module.css'

const looks: Record<Standing, { icon: typeof IconClock; tone: string }> = {
  none: { icon: IconMinus, tone: 'off' },
  queued: { icon: IconClock, tone: 'wait' },
  sending: { icon: IconSend, tone: 'wait' },
  retrying: { icon: IconRefresh, tone: 'warn' },
  complete: { icon: IconCircleCheck, tone: 'ok' },
  changed: { icon: IconPencil, tone: 'warn' },
  failed: { icon: IconAlertTriangle, tone: 'bad' },
  skipped: { icon: IconPlayerTrackNext, tone: 'off' },
}

/** Where a contact is at one CRM: an icon, a colour and the word, so that none of them carries it alone. */
export function StandingChip({ standing, why }: { standing: Standing; why?: string | null }) {
  const { icon: Icon, tone } = looks[standing]
  const chip = (
    <span className={classes.chip} data-tone={tone} data-standing={standing}>
      <Icon size={14} stroke={2} aria-hidden />
      {standingNames[standing]}
    </span>
  )
  return why ? (
    <Tooltip label={why} multiline maw={360}>
      {chip}
    </Tooltip>
  ) : (
    chip
  )
}
