import { createElement, lazy, Suspense, useRef } from 'react';
import { useToastQueue } from 'react-stately';

const Original = lazy(() => import('original/ToastContainer').then(({ ToastContainer }) => ({ default: ToastContainer })));

/** From the first message on. */
export function ToastContainer(props) {
  const { visibleToasts } = useToastQueue(props.queue);
  const wasUsed = useRef(false);
  wasUsed.current ||= visibleToasts.length > 0;
  return wasUsed.current ? createElement(Suspense, { fallback: null }, createElement(Original, props)) : null;
}
