import { Body, Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { Route } from '../../http/route';
import { onlyKnownFields } from '../../http/validation.pipe';
import { ErasureBodyDto, ErasureReplyDto } from './erasure.dto';
import { ErasureService } from './erasure.service';

/** Forgets a person whose requests were recorded. */
@ApiTags('Analytics')
@Controller('api/analytics')
export class ErasureController {
  constructor(private readonly erasure: ErasureService) {}

  @Route.post('erase', {
    access: Requires('analytics', 'write', 'Erase From Analytics'),
    id: 'eraseFromAnalytics',
    summary: 'Forget somebody: by the hash of a key, an alias or an address',
    description:
      'What was counted stays counted, under `(erased)`. Records lose key, alias, address, place and messages. It cannot be undone. Records that could not be read or stored are deleted if as much of them can be read as names somebody; others may hold what callers sent, are seen by the operator alone and expire after 90 days. Requests that were made in the last seconds may still be in Redis: call it again after a minute.',
    body: ErasureBodyDto,
    example: { address: '192.0.2.7' },
    reply: ErasureReplyDto,
    errors: [403],
  })
  async erase(
    @OrganisationRequest() context: OrganisationContext,
    @Body(onlyKnownFields) body: ErasureBodyDto,
  ): Promise<ErasureReplyDto> {
    return this.erasure.erase(context, body);
  }
}
