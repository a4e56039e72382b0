import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { show } from '../testing/show';
import { CardsLayout } from './CardsLayout';

test('all cards are shown, what a thing is first, and nothing is asked for', () => {
  const card = (name: string, type?: 'info' | 'content') => ({ type, element: <p key={name}>{name}</p> });
  const calls = show(<CardsLayout cards={[card('status', 'content'), card('about', 'info'), card('plain')]} />, {});
  expect(screen.getAllByRole('paragraph').map(each => each.textContent)).toEqual(['about', 'status', 'plain']);
  expect(calls).toEqual([]);
});
