// Runs before each file of tests.
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// Machines may be busy: what is looked for is waited for as long as vitest waits (see vitest.config.mjs).
configure({ asyncUtilTimeout: 30_000 });
afterEach(cleanup);
