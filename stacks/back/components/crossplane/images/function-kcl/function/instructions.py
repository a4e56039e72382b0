"""Objects that are none of the cluster: they tell the function something."""

import base64
import binascii

from crossplane.function.proto.v1 import run_function_pb2 as fn

from problem import Problem

VERSION = 'meta.krm.kcl.dev/v1alpha1'

STATUSES = {'True': fn.STATUS_CONDITION_TRUE, 'False': fn.STATUS_CONDITION_FALSE, 'Unknown': fn.STATUS_CONDITION_UNKNOWN}
TARGETS = {'Composite': fn.TARGET_COMPOSITE, 'CompositeAndClaim': fn.TARGET_COMPOSITE_AND_CLAIM}


def follow(response, kind, item):
    if kind not in KINDS:
        raise Problem(f'{VERSION} knows no {kind} here: it can be {", ".join(sorted(KINDS))}')
    KINDS[kind](response, item)


def connection(response, item):
    for key, value in (item.get('data') or {}).items():
        try:
            response.desired.composite.connection_details[key] = base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise Problem(f'CompositeConnectionDetails: {key} is not in base64') from None


def conditions(response, item):
    for entry in item.get('conditions') or []:
        said, target = entry.get('condition') or {}, entry.get('target') or 'Composite'
        kind, status = said.get('type'), said.get('status')
        if kind in (None, '', 'Healthy', 'Ready', 'Synced'):
            raise Problem(f'Conditions: the type {kind} is Crossplane\'s own')
        if status not in STATUSES or target not in TARGETS:
            raise Problem(f'Conditions: {kind} has the status {status} and the target {target}; statuses are "True", "False" and '
                          '"Unknown", targets "Composite" and "CompositeAndClaim"')
        response.conditions.add(type=kind, status=STATUSES[status], reason=said.get('reason') or '', message=said.get('message'),
                                target=TARGETS[target])


def context(response, item):
    response.context.update(item.get('data') or {})


def require(response, item):
    for name, each in (item.get('requirements') or {}).items():
        selector = response.requirements.resources[name]
        selector.api_version, selector.kind = each.get('apiVersion') or '', each.get('kind') or ''
        if each.get('namespace'):
            selector.namespace = each['namespace']
        if each.get('matchName'):
            selector.match_name = each['matchName']
        else:
            selector.match_labels.labels.update(each.get('matchLabels') or {})


KINDS = {
    'CompositeConnectionDetails': connection,
    'Conditions': conditions,
    'Context': context,
    'ExtraResources': require,
    'RequiredResources': require,
}
