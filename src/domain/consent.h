#pragma once

#include <string_view>

#include "domain/crm.h"
#include "domain/field_rule.h"

namespace crmsync {

/// What a CRM's field says about the consent of a contact.
enum class ConsentField {
    none,
    opt_out,  ///< True: wants none of our mail.
    opt_in,   ///< True: wants our mail.
    other,    ///< About consent, but no switch that could be set one way only.
};
/// By the field's name at the CRM, in any case. Brevo: developers.brevo.com, contacts; HubSpot: the default contact
/// properties; Mautic: LeadApiController. n8n has no consent of its own: what a workflow does with a contact is its
/// owner's.
ConsentField consent_field(Crm crm, std::string_view name);

/// Whether the value can only ever take consent away. Nothing else may be sent to a field about consent: what turned a
/// contact on could turn on one that had opted out.
bool takes_consent_away(ConsentField field, const FieldValue& value);

}  // namespace crmsync
