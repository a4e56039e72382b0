import { createElement, lazy, Suspense, useRef } from 'react';

const Original = lazy(() => import('original/InspectEntityDialog').then(({ InspectEntityDialog }) => ({ default: InspectEntityDialog })));

/** From the first time on that it is open. */
export function InspectEntityDialog(props) {
  const wasUsed = useRef(false);
  wasUsed.current ||= props.open;
  return wasUsed.current ? createElement(Suspense, { fallback: null }, createElement(Original, props)) : null;
}
