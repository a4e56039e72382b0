// A log whose lines a test can read.
import { LoggerService } from '@backstage/backend-plugin-api';

export class Log implements LoggerService {
  readonly lines: string[] = [];

  error(message: string) {
    this.lines.push(`error: ${message}`);
  }

  warn(message: string) {
    this.lines.push(`warn: ${message}`);
  }

  info(message: string) {
    this.lines.push(`info: ${message}`);
  }

  debug(message: string) {
    this.lines.push(`debug: ${message}`);
  }

  child(): LoggerService {
    return this;
  }
}
