"""Tests of the function that composes by KCL, with what its requirements.txt names."""

import json
import pathlib
import unittest

from crossplane.function.proto.v1 import run_function_pb2 as fn
from google.protobuf import json_format

import compose

IMAGES = pathlib.Path(__file__).parents[2]
ORDER = {'apiVersion': 'acme.io/v1', 'kind': 'Shop', 'metadata': {'name': 'toys'}, 'spec': {'size': 2}}
WEB = {'kind': 'Deployment', 'status': {'ready': 1}}


def request(source, **spec):
    asked = fn.RunFunctionRequest()
    asked.input.update({'apiVersion': 'krm.kcl.dev/v1alpha1', 'kind': 'KCLInput', 'spec': {'source': source, **spec}})
    asked.observed.composite.resource.update(ORDER)
    asked.observed.resources['web'].resource.update(WEB)
    asked.context.update({'host': 'here'})
    return asked


def said(source, **spec):
    response = compose.answer(request(source, **spec))
    assert [each.severity for each in response.results] == [fn.SEVERITY_FATAL], response
    return response.results[0].message


NAMED = 'apiVersion = "v1", kind = "ConfigMap", metadata.annotations = {"krm.kcl.dev/composition-resource-name" = "web"'


class ComposeTest(unittest.TestCase):
    def test_a_source_makes_objects_their_readiness_and_the_orders_status(self):
        response = compose.answer(request(f'''
params = option("params")
items = [
    {{{NAMED}, "krm.kcl.dev/ready" = "True"}}, data.size = str(params.oxr.spec.size), data.host = params.ctx.host}}
    {{**params.oxr, status = {{web = params.ocds["web"]?.Resource?.status?.ready, conditions = []}}}}
]'''))
        self.assertFalse(response.results)
        made = response.desired.resources['web']
        self.assertEqual(made.ready, fn.READY_TRUE)
        self.assertEqual(compose.plain(made.resource), {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {}, 'data': {'size': '2', 'host': 'here'}})
        self.assertEqual(compose.plain(response.desired.composite.resource)['status'], {'web': 1})

    def test_what_earlier_steps_want_stays(self):
        asked = request('items = [{apiVersion = "acme.io/v1", kind = "Shop", status.deep.new = 1}]')
        asked.desired.composite.resource.update({'status': {'old': 1, 'deep': {'old': 1}}})
        asked.desired.resources['earlier'].resource.update({'kind': 'Service'})
        response = compose.answer(asked)
        self.assertIn('earlier', response.desired.resources)
        self.assertEqual(compose.plain(response.desired.composite.resource)['status'], {'old': 1, 'deep': {'old': 1, 'new': 1}})

    def test_objects_can_be_instructions(self):
        head = 'apiVersion = "meta.krm.kcl.dev/v1alpha1", kind = '
        response = compose.answer(request(f'''items = [
    {{{head}"Context", data.more = 1}}
    {{{head}"Conditions", conditions = [{{condition = {{type = "Sold", status = "False", reason = "Empty", message = "gone"}}}}]}}
    {{{head}"RequiredResources", requirements.all = {{apiVersion = "v1", kind = "Secret", matchLabels = {{a = "b"}}}}}}
    {{{head}"CompositeConnectionDetails", data.password = "c2VjcmV0"}}
]'''))
        self.assertFalse(response.results)
        self.assertEqual(compose.plain(response.context), {'host': 'here', 'more': 1})
        self.assertEqual(response.conditions[0].message, 'gone')
        self.assertEqual(response.requirements.resources['all'].match_labels.labels['a'], 'b')
        self.assertEqual(response.desired.composite.connection_details['password'], b'secret')

    def test_mistakes_are_told_with_their_place(self):
        item = '{' + NAMED + '}}'
        for source, problem in {
            'a = 1\nitems = [option("params").x.y]': 'line 2 of the source (items = [option("params").x.y]): what y is taken from is not there',
            'a = 1 +\n': 'line 1 of the source (a = 1 +): expected one of',
            'assert False, "no such size"': 'line 1 of the source (assert False, "no such size"): no such size',
            'import http': 'pkgpath http not found',
            'a = 1': 'no list "items"',
            'items = [{a = 1}]': 'item 1: an object without apiVersion or kind',
            f'items = [{item}, {item}]': 'item 2: two objects are called web',
            'items = [{apiVersion = "v1", kind = "Pod"}]': 'has no annotation krm.kcl.dev/composition-resource-name and no name',
            'items = [{' + NAMED + ', "krm.kcl.dev/ready" = "yes"}}]': 'it can be "True", "False" or "Unspecified"',
            'items = [{apiVersion = "meta.krm.kcl.dev/v1alpha1", kind = "Odd"}]': 'knows no Odd here',
            'oci://acme.io/app': 'reads no other places',
            ' ': 'spec.source is empty',
        }.items():
            self.assertIn(problem, said(source))
        self.assertIn('PatchDesired is not supported', said('items = []', target='PatchDesired'))
        self.assertIn('spec.dependencies is not supported', said('items = []', dependencies='k8s = "1.31"'))
        other = fn.RunFunctionRequest()
        other.input.update({'apiVersion': 'v1', 'kind': 'Odd'})
        self.assertIn('has the kind v1 Odd', compose.answer(other).results[0].message)

    def test_the_composition_in_kcl_makes_the_same_as_those_in_other_languages(self):
        import yaml
        app = IMAGES.parents[1] / 'gitops/repositories/platform/apis/app'
        composition = yaml.safe_load((app / 'composition-kcl.yaml').read_text())
        wanted = json.loads((IMAGES / 'functions/testdata/made.json').read_text())
        for order in yaml.safe_load((IMAGES / 'functions/testdata/orders.yaml').read_text()):
            asked = fn.RunFunctionRequest()
            asked.input.update(composition['spec']['pipeline'][0]['input'])
            metadata = {'name': order.get('called', 'hello'), 'namespace': 'demo', 'annotations': order.get('annotations', {})}
            asked.observed.composite.resource.update(
                {'apiVersion': 'platform.backstack.dev/v1alpha1', 'kind': 'App', 'metadata': metadata, 'spec': order['spec']})
            for name, value in order.get('observed', {}).items():
                asked.observed.resources[name].resource.update(value)
            response = compose.answer(asked)
            self.assertFalse(response.results)
            found = json_format.MessageToDict(response.desired)
            if not order.get('observed'):
                del found['composite']
            for each in found['resources'].values():
                if each['ready'] == 'READY_FALSE':
                    del each['ready']
            self.assertEqual(found, wanted[order['name']], order['name'])


if __name__ == '__main__':
    unittest.main()
