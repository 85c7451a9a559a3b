import { Body, Controller, Inject, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Forbidden, StatusReply } from '@castellan/dto';
import { AnyUser, mayResetPasswords } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { AccountReach } from './account-reach';
import {
  CodeInput,
  PasswordResetInput,
  ProofInput,
  RecoveryCodesReply,
  samplePassword,
  SecondFactorReply,
} from './credentials.dto';
import { LoginAdmission } from './login-admission';
import { csrfHeader } from './own-pages';
import { PasswordsService } from './passwords.service';
import { Proof } from './proof';
import { SecondFactorsService } from './second-factors.service';
import { setSessionCookie } from './session-cookie';
import { SessionsService } from './sessions.service';

const idParameter = {
  name: 'id',
  example: '54b53e4ceba6db5c35000003',
  description: 'The id of a user; `me` is oneself',
};

const proof = { current_password: samplePassword };

/** What users prove themselves with: passwords and second factors, one's own and those of others. */
@ApiTags('Users')
@Controller('api/users')
export class CredentialsController {
  constructor(
    private readonly reach: AccountReach,
    private readonly proof: Proof,
    private readonly passwords: PasswordsService,
    private readonly factors: SecondFactorsService,
    private readonly sessions: SessionsService,
    private readonly admission: LoginAdmission,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Route.post(':id/actions/reset', {
    access: AnyUser('Reset User Password'),
    id: 'resetPassword',
    summary: 'Set a password',
    description:
      'One’s own, with the present one; or that of a user whose rights the caller has, with `users: write` and ' +
      '`ResetPassword`, to which a browser that logged in more than ten minutes ago adds the caller’s own. All sessions of the user end, but for the one that asks, which gets a new cookie and a new ' +
      '`X-CSRF-Token`. The access key stays. A password that somebody else sets ends the delays after wrong ones. ' +
      'Whoever comes in by single sign-on alone gives themselves a first one only with `ResetPassword`.',
    params: [idParameter],
    body: PasswordResetInput,
    example: { new_password: samplePassword },
    reply: StatusReply,
    errors: [403, 429],
  })
  async reset(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() input: PasswordResetInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const isOwn = this.reach.isOwn(context, id);
    if (!isOwn && !mayResetPasswords(context.user.grants)) throw new Forbidden(context.request.path);
    const user = await this.reach.require(context, id, 'write');
    if (isOwn) await this.proof.requireForNewPassword(context, user, input.current_password);
    else await this.proof.requireRecent(context, input.current_password);
    await this.passwords.replace(context, user, input.new_password);
    if (!isOwn) await this.admission.pardon(user);
    await this.renewSessions(context, user._id.toString(), reply);
    return new StatusReply('User password updated', '');
  }

  @Route.post(':id/second-factor', {
    access: AnyUser('Begin Second Factor'),
    id: 'beginSecondFactor',
    summary: 'Begin a second factor of one’s own',
    description: 'It is asked for at logins once `confirm` has seen a code of it.',
    params: [idParameter],
    body: ProofInput,
    example: proof,
    reply: SecondFactorReply,
    errors: [403, 409, 429],
  })
  async begin(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() input: ProofInput,
  ): Promise<StatusReply> {
    const user = await this.requireOneself(context, id);
    await this.proof.require(context, user, input.current_password);
    return new StatusReply('Second factor begun', await this.factors.begin(user));
  }

  @Route.post(':id/second-factor/confirm', {
    access: AnyUser('Turn On Second Factor'),
    id: 'confirmSecondFactor',
    summary: 'Turn the second factor on by a first code of it',
    params: [idParameter],
    body: CodeInput,
    reply: RecoveryCodesReply,
    errors: [403, 409],
  })
  async confirm(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() { code }: CodeInput,
  ): Promise<StatusReply> {
    const user = await this.requireOneself(context, id);
    return new StatusReply('Second factor is on', { recovery_codes: await this.factors.confirm(context, user, code) });
  }

  @Route.delete(':id/second-factor', {
    access: AnyUser('Turn Off Second Factor'),
    id: 'removeSecondFactor',
    summary: 'Turn a second factor off',
    description:
      'One’s own, with the present password; or, for somebody who has lost it, that of a weaker user, to which a browser ' +
      'that logged in more than ten minutes ago adds the caller’s own password.',
    params: [idParameter],
    body: ProofInput,
    example: proof,
    reply: StatusReply,
    errors: [403, 429],
  })
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() input: ProofInput,
  ): Promise<StatusReply> {
    const isOwn = this.reach.isOwn(context, id);
    if (!isOwn && !mayResetPasswords(context.user.grants)) throw new Forbidden(context.request.path);
    const user = await this.reach.require(context, id, 'write');
    if (isOwn) await this.proof.require(context, user, input.current_password);
    else await this.proof.requireRecent(context, input.current_password);
    await this.factors.remove(context, user);
    return new StatusReply('Second factor is off');
  }

  private requireOneself(context: OrganisationContext, id: string) {
    if (!this.reach.isOwn(context, id)) throw new Forbidden(context.request.path);
    return this.reach.require(context, id, 'read');
  }

  /** Ends what a thief of the old password may have opened. */
  private async renewSessions(context: OrganisationContext, userId: string, reply: FastifyReply): Promise<void> {
    const renewed = await this.sessions.renewAllOf(userId, context);
    if (renewed === null) return;
    setSessionCookie(reply, this.config, renewed.token);
    void reply.header(csrfHeader, renewed.session.csrf);
  }
}
