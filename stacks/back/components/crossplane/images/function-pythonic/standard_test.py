"""The composition in Python makes the same as those in other languages; with what requirements.txt names."""

import asyncio
import json
import pathlib
import unittest

import yaml
from crossplane.pythonic.function import FunctionRunner
from crossplane.pythonic.proto.v1 import run_function_pb2 as fn
from google.protobuf import json_format

IMAGES = pathlib.Path(__file__).parents[1]
APP = IMAGES.parents[1] / 'gitops/repositories/platform/apis/app'


def full(value):
    """A value without empty maps and lists, which are the same to Kubernetes as none."""
    if isinstance(value, dict):
        kept = {key: full(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in ({}, [])}
    return [full(each) for each in value] if isinstance(value, list) else value


class StandardTest(unittest.TestCase):
    def test_the_composition_in_python_makes_the_same_as_those_in_other_languages(self):
        composition = yaml.safe_load((APP / 'composition-standard.yaml').read_text())
        wanted = json.loads((IMAGES / 'functions/testdata/made.json').read_text())
        for order in yaml.safe_load((IMAGES / 'functions/testdata/orders.yaml').read_text()):
            asked = fn.RunFunctionRequest()
            asked.input.update(composition['spec']['pipeline'][0]['input'])
            metadata = {'name': order.get('called', 'hello'), 'namespace': 'demo', 'annotations': order.get('annotations', {})}
            asked.observed.composite.resource.update(
                {'apiVersion': 'platform.backstack.dev/v1alpha1', 'kind': 'App', 'metadata': metadata, 'spec': order['spec']})
            for name, value in order.get('observed', {}).items():
                asked.observed.resources[name].resource.update(value)
            response = asyncio.run(FunctionRunner().RunFunction(asked, None))
            found = json_format.MessageToDict(response.desired)
            wants = wanted[order['name']]
            if order.get('observed'):
                self.assertEqual(found['composite']['resource']['status'], wants['composite']['resource']['status'])
            for name, each in wants['resources'].items():
                self.assertEqual(full(found['resources'][name]['resource']), full(each['resource']), f'{order["name"]}: {name}')
            self.assertEqual(found['resources'].keys(), wants['resources'].keys())


if __name__ == '__main__':
    unittest.main()
