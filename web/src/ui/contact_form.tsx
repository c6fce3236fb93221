import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask, type Contact, type Schemas } from '../api/client'
import { refreshAfterEdit } from '../api/live'
import { attempt } from './tell'

interface ContactFormProps {
  opened: boolean
  /** The contact to edit; a new one without it. */
  contact?: Contact
  onClose: () => void
}

const names = ['email', 'name', 'phone_number', 'email_type', 'source_url', 'context'] as const
type Values = Record<(typeof names)[number], string>

const valuesOf = (contact?: Contact) => Object.fromEntries(names.map((name) => [name, contact?.[name] ?? ''])) as Values

export function ContactForm({ opened, contact, onClose }: ContactFormProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={contact ? 'Edit the contact' : 'Add a contact'}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Form contact={contact} onClose={onClose} />
    </Modal>
  )
}

function Form({ contact, onClose }: Omit<ContactFormProps, 'opened'>) {
  const client = useQueryClient()
  const [busy, setBusy] = useState(false)
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: valuesOf(contact),
    validate: { email: (value) => (value.trim() ? null : 'An e-mail address is needed') },
  })
  const save = async (values: Values) => {
    setBusy(true)
    // Only what was changed is sent; an emptied field is erased.
    const before = valuesOf(contact)
    const changes = names.filter((name) => values[name].trim() !== before[name])
    const body = Object.fromEntries(changes.map((name) => [name, values[name].trim() || null]))
    const saved = await attempt(
      () =>
        contact
          ? ask(
              api.PUT('/api/v3/contacts/{id}', {
                params: { path: { id: contact.id } },
                body: body as Schemas['ContactChange'],
              }),
            )
          : ask(api.POST('/api/v3/contacts', { body: body as Schemas['NewContact'] })),
      ({ email }) => `${email} is ${contact ? 'changed' : 'added'}`,
    )
    setBusy(false)
    if (!saved) return
    refreshAfterEdit(client)
    form.reset()
    onClose()
  }
  return (
    <form onSubmit={form.onSubmit((values) => void save(values))}>
      <Stack gap="sm">
        <TextInput label="E-mail" type="email" required data-autofocus {...form.getInputProps('email')} />
        <TextInput label="Name" dir="auto" {...form.getInputProps('name')} />
        <TextInput label="Phone" type="tel" {...form.getInputProps('phone_number')} />
        <Select
          label="Kind of address"
          data={['SERVICE', 'CORPORATE', 'FREE', 'UNKNOWN']}
          clearable
          {...form.getInputProps('email_type')}
        />
        <TextInput label="Found at" type="url" {...form.getInputProps('source_url')} />
        <Textarea label="Context" autosize minRows={2} dir="auto" {...form.getInputProps('context')} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {contact ? 'Save' : 'Add'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
