import { Controller } from '@nestjs/common';
import { ApiExtraModels, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { Clock } from '@castellan/observability';
import { Requires } from '@castellan/rbac';
import { presence } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { NotificationDto } from './certificate.dto';
import { dayMs, notificationOf } from './certificate-view';
import { CertificatesService } from './certificates.service';
import { warningDays } from './certificate-warnings';

const query = new RouteQuery({
  refresh: presence({ description: 'Clients send it; the list is always of this moment' }),
});

/** What an organisation should know of: certificates that end. */
@ApiTags('Certificates')
@ApiExtraModels(NotificationDto)
@Controller('api/org/notifications')
export class NotificationsController {
  constructor(
    private readonly certificates: CertificatesService,
    private readonly clock: Clock,
  ) {}

  @Route.get('', {
    access: Requires('certs', 'read', 'List Notifications'),
    id: 'listNotifications',
    summary: 'Certificates that end within a month, or have ended',
    reply: { schema: { type: 'array', items: { $ref: getSchemaPath(NotificationDto) } } },
  })
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @AskedFor(query) _query: Asked<typeof query>,
  ): Promise<readonly NotificationDto[]> {
    const now = this.clock.now();
    const endsBefore = new Date(now.getTime() + warningDays[0] * dayMs);
    const { rows } = await this.certificates.page(organisation, { endsBefore }, { page: null });
    return rows.flatMap((row) => notificationOf(row, now) ?? []);
  }
}
