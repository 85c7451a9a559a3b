import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { transportEvents } from '@castellan/delivery';
import { ReloadReports } from './reload-reports';

/** What host managers report over the transport. */
@Controller()
export class ReloadReportsController {
  constructor(private readonly reports: ReloadReports) {}

  @EventPattern(transportEvents.nodeReloaded)
  async nodeReloaded(@Payload() event: unknown): Promise<void> {
    await this.reports.store(event);
  }
}
