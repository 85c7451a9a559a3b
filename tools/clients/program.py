"""Drives Castellan by a client that was generated from openapi.json; `npm run test:clients` runs it."""

import sys

from client import AuthenticatedClient
from client.api.api_definitions import create_api, get_api, list_apis, update_api
from client.api.organisations import create_organisation
from client.api.users import admin_create_user
from client.models import ApiWrapper, ApiWrapperInput, ErrorReply, OrganisationInput, UserInput

url, secret = sys.argv[1:]


def done(reply):
    if reply is None or isinstance(reply, ErrorReply):
        raise SystemExit(f"Not done: {reply}")
    return reply


operator = AuthenticatedClient(base_url=url, token=secret, prefix="", auth_header_name="admin-auth")
organisation = done(create_organisation.sync(client=operator, body=OrganisationInput(owner_name="Python"))).meta
person = UserInput(org_id=organisation, email_address="ada@python.example")
user = AuthenticatedClient(base_url=url, token=done(admin_create_user.sync(client=operator, body=person)).message)

proxy = {"listen_path": "/python/", "target_url": "http://127.0.0.1:8000/"}
definition = {"name": "Echo", "use_keyless": True, "proxy": proxy, "version_data": {"not_versioned": True}}
api = done(create_api.sync(client=user, body=ApiWrapperInput.from_dict({"api_definition": definition}))).meta

listed = done(list_apis.sync(client=user, p=1))
assert (len(listed.apis), listed.pages) == (1, 1), listed

read = get_api.sync_detailed(api, client=user)
assert isinstance(read.parsed, ApiWrapper), read
changed = ApiWrapperInput.from_dict({"api_definition": {**read.parsed.api_definition.to_dict(), "name": "Echo 2"}})
version = read.headers["ETag"]
done(update_api.sync(api, client=user, body=changed, if_match=version))
late = update_api.sync(api, client=user, body=changed, if_match=version)
assert isinstance(late, ErrorReply) and late.code == "version_mismatch", late
gone = get_api.sync_detailed("none", client=user)
print(late.code, int(gone.status_code), gone.parsed.code)
