"""Composes by KCL: the input kind that upstream's function-kcl documents, with KCL written in the composition itself."""

import base64
import json
import re

import kcl_lib.api as kcl
from crossplane.function.proto.v1 import run_function_pb2 as fn
from google.protobuf import json_format

import instructions
from problem import Problem

KIND = ('krm.kcl.dev/v1alpha1', 'KCLInput')
FILE = 'main.k'
# What the source says to the function about an object; it is not part of the object.
NAME = 'krm.kcl.dev/composition-resource-name'
READY = 'krm.kcl.dev/ready'
READY_ELSE = 'krm.kcl.dev/default_ready'
READINESS = {'True': fn.READY_TRUE, 'False': fn.READY_FALSE, 'Unspecified': fn.READY_UNSPECIFIED}
# For how long Crossplane may take the same answer again.
FRESH = 60


def answer(request):
    response = begun(request)
    try:
        compose(request, response)
    except Problem as problem:
        response = begun(request)
        response.results.add(severity=fn.SEVERITY_FATAL, message=str(problem))
    return response


def begun(request):
    """A response with all that earlier functions want."""
    response = fn.RunFunctionResponse()
    response.meta.tag = request.meta.tag
    response.meta.ttl.seconds = FRESH
    response.desired.CopyFrom(request.desired)
    if request.HasField('context'):
        response.context.CopyFrom(request.context)
    return response


def compose(request, response):
    asked = plain(request.input)
    kind = (asked.get('apiVersion'), asked.get('kind'))
    if kind != KIND:
        raise Problem(f'the step\'s input has the kind {" ".join(map(str, kind))}; this function takes {" ".join(KIND)}')
    spec = checked(asked.get('spec') or {})
    order = plain(request.observed.composite.resource)
    written = run(spec, parameters(request, response, order, spec))
    otherwise = ((asked.get('metadata') or {}).get('annotations') or {}).get(READY_ELSE, 'Unspecified')
    seen = set()
    for number, item in enumerate(written, 1):
        try:
            take(response, order, item, spec.get('target') or 'Default', otherwise, seen)
        except Problem as problem:
            raise Problem(f'item {number}: {problem}') from None


def checked(spec):
    source = str(spec.get('source') or '').strip()
    if not source:
        raise Problem('spec.source is empty: write the KCL there')
    if re.match(r'(oci|git|https?)://', source) or source.startswith('/'):
        raise Problem(f'spec.source is {source}: this platform\'s own function reads no other places; write the KCL there')
    target = spec.get('target') or 'Default'
    if target not in ('Default', 'Resources', 'XR'):
        raise Problem(f'spec.target: {target} is not supported by this platform\'s own function: it can be Default, Resources or XR')
    other = {'dependencies', 'resources', 'credentials'} & {key for key, value in spec.items() if value}
    other |= {f'config.{key}' for key in (spec.get('config') or {}) if key not in ('disableNone', 'sortKeys')}
    if other:
        raise Problem(f'spec.{min(other)} is not supported by this platform\'s own function')
    return spec


def parameters(request, response, order, spec):
    """What the source reads with option("params")."""
    def composed(resources):
        return {name: each(resource) for name, resource in resources.items()}

    def each(resource):
        details = {key: base64.b64encode(value).decode() for key, value in resource.connection_details.items()}
        return {'Resource': plain(resource.resource), 'ConnectionDetails': details}

    # Crossplane gives what steps ask for under the newer name; older sources read the older one.
    required = {name: [each(item) for item in found.items] for name, found in request.required_resources.items()}
    return {
        **(spec.get('params') or {}),
        'oxr': order,
        'ocds': composed(request.observed.resources),
        'dxr': plain(response.desired.composite.resource),
        'dcds': composed(response.desired.resources),
        'ctx': plain(request.context),
        'requiredResources': required,
        'extraResources': required,
    }


def run(spec, given):
    """The items that the source makes."""
    params = kcl.Argument(name='params', value=json.dumps(given))
    config = spec.get('config') or {}
    arguments = kcl.ExecProgramArgs(
        k_filename_list=[FILE], k_code_list=[spec['source']], args=[params],
        disable_none=bool(config.get('disableNone')), sort_keys=bool(config.get('sortKeys')),
    )
    try:
        result = kcl.API().exec_program(arguments)
        said = result.err_message
    except Exception as error:  # The library has no kind of its own.
        said = str(error)
    if said:
        raise Problem(explained(said, spec['source']))
    items = json.loads(result.json_result or '{}').get('items')
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Problem('the source sets no list "items" of the objects to make')
    return items


def explained(said, source):
    """KCL's error, with the line that it is about and what is missing there."""
    found = re.search(rf'File (?:\S*/)?{re.escape(FILE)}:(\d+)(?::\d+)?: (.*)', said)
    if not found:
        return f'the source cannot be run: {" ".join(said.split())}'
    number, problem = int(found[1]), found[2].strip()
    lines = source.split('\n')
    line = f' ({lines[number - 1].strip()})' if number <= len(lines) else ''
    missing = re.fullmatch(r"invalid value '(?:UndefinedType|NoneType)' to load attribute '(.*)'", problem)
    if missing:
        problem = f'what {missing[1]} is taken from is not there; write ?. before it where that may be'
    return f'line {number} of the source{line}: {problem}'


def take(response, order, item, target, otherwise, seen):
    """Takes what the source made into the answer."""
    version, kind = item.get('apiVersion'), item.get('kind')
    if target == 'XR':
        return report(response, order, item, fn.READY_UNSPECIFIED)
    if not version or not kind:
        raise Problem('an object without apiVersion or kind')
    if version == instructions.VERSION:
        return instructions.follow(response, kind, item)
    metadata = item.get('metadata') or {}
    said = metadata.get('annotations') or {}
    name, ready = said.pop(NAME, None), said.pop(READY, None)
    if metadata.get('annotations') == {}:
        del metadata['annotations']
    if (ready or otherwise) not in READINESS:
        raise Problem(f'{kind}: the annotation {READY} is {ready or otherwise}; it can be "True", "False" or "Unspecified"')
    if target == 'Default' and not name and (version, kind) == (order.get('apiVersion'), order.get('kind')):
        return report(response, order, item, READINESS.get(ready, fn.READY_UNSPECIFIED))
    name = name or metadata.get('name')
    if not name:
        raise Problem(f'{kind} has no annotation {NAME} and no name: give it one, by which Crossplane knows it again')
    if name in seen:
        raise Problem(f'two objects are called {name}: tell them apart by the annotation {NAME}')
    seen.add(name)
    wanted = response.desired.resources[name]
    earlier = wanted.ready
    wanted.resource.Clear()
    wanted.resource.update(item)
    wanted.ready = READINESS[ready or otherwise] or earlier


def report(response, order, item, ready):
    """An object of the order's own kind is the order: its status is what people see of it."""
    wanted = response.desired.composite
    merged = over(plain(wanted.resource), {'status': item.get('status') or {}})
    # They are Crossplane's own, and come back where the source copies the whole order.
    merged['status'].pop('conditions', None)
    wanted.resource.update({**merged, 'apiVersion': order.get('apiVersion'), 'kind': order.get('kind')})
    if ready:
        wanted.ready = ready


def over(there, changes):
    """What is there with what is new over it."""
    merged = dict(there)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = over(merged[key], value) if both else value
    return merged


def plain(struct):
    """A structure of the protocol with whole numbers as such, which it does not know itself."""
    return whole(json_format.MessageToDict(struct))


def whole(value):
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
