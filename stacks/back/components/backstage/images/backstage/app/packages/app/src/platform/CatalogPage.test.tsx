import { CatalogTableRow } from '@backstage/plugin-catalog';
import { render } from '@testing-library/react';
import { expect, test } from 'vitest';
import { composite } from '../testing/show';
import { columnsOf } from './CatalogPage';

type Context = Parameters<ReturnType<typeof columnsOf>>[0];
const columns = (kind: string) => columnsOf({ 'component:demo/shop': { verdict: 'broken', summary: 'no image' } })({ filters: { kind: { value: kind } } } as unknown as Context);
const row = (annotations: Record<string, string>): CatalogTableRow => {
  const entity = composite('shop');
  entity.metadata.annotations = { ...entity.metadata.annotations, ...annotations };
  entity.spec = { type: 'app' };
  return { entity } as CatalogTableRow;
};
/** What a row shows in the columns with a title of our own. */
const shown = (one: CatalogTableRow) =>
  columns('component')
    .filter(each => typeof each.title === 'string' && each.title !== '')
    .map(each => [each.title, render(<>{each.render?.(one, 'row')}</>).container.textContent]);

test('what runs shows its kind and image in short words', () => {
  expect(shown(row({ 'backstack.dev/image': 'docker.io/library/nginx:1.29.3' }))).toEqual([['State', '✗ Does not run'], ['Kind', 'App'], ['Image', 'nginx:1.29.3']]);
  expect(shown(row({}))[2]).toEqual(['Image', '']);
});

test('rows are sorted and searched by what they show', () => {
  const image = columns('Component').find(each => each.title === 'Image');
  const [old, now] = ['a/b:1', 'a/b:2'].map(each => row({ 'backstack.dev/image': each }));
  expect(image?.customSort?.(old, now, 'row')).toBe(-1);
  expect(image?.customFilterAndSearch?.('B:2', now, image)).toBe(true);
  expect(image?.customFilterAndSearch?.('B:2', old, image)).toBe(false);
});

test('other kinds have no images, but descriptions', () => {
  expect(columns('api').map(each => each.title)).not.toContain('Image');
  expect(columns('api')).toHaveLength(5);
});
