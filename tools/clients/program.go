// Drives Castellan by a client that was generated from openapi.json; `npm run test:clients` compiles and runs it.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
)

func as(header, secret string) *ClientWithResponses {
	sign := func(_ context.Context, request *http.Request) error {
		request.Header.Set(header, secret)
		return nil
	}
	return done(NewClientWithResponses(os.Args[1], WithRequestEditorFn(sign)))
}

func done[T any](reply T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return reply
}

func main() {
	ctx := context.Background()
	operator := as("admin-auth", os.Args[2])
	organisation := done(operator.CreateOrganisationWithResponse(ctx, nil, OrganisationInput{OwnerName: "Go"})).JSON200.Meta
	person := UserInput{OrgId: &organisation, EmailAddress: "ada@go.example"}
	user := as("authorization", done(operator.AdminCreateUserWithResponse(ctx, nil, person)).JSON200.Message)

	definition := map[string]any{
		"name": "Echo", "use_keyless": true, "version_data": map[string]any{"not_versioned": true},
		"proxy": map[string]any{"listen_path": "/go/", "target_url": "http://127.0.0.1:8000/"},
	}
	id := done(user.CreateApiWithResponse(ctx, nil, ApiWrapperInput{ApiDefinition: definition})).JSON200.Meta

	first := int32(1)
	listed := done(user.ListApisWithResponse(ctx, &ListApisParams{P: &first})).JSON200
	if len(listed.Apis) != 1 || listed.Pages != 1 {
		log.Fatalf("expected one API on one page, got %d on %d", len(listed.Apis), listed.Pages)
	}

	read := done(user.GetApiWithResponse(ctx, id, nil))
	version := read.HTTPResponse.Header.Get("ETag")
	changed := ApiWrapperInput{ApiDefinition: read.JSON200.ApiDefinition}
	changed.ApiDefinition["name"] = "Echo 2"
	if now := done(user.UpdateApiWithResponse(ctx, id, &UpdateApiParams{IfMatch: &version}, changed)); now.JSON200 == nil {
		log.Fatalf("not changed: %s", now.Body)
	}
	late := done(user.UpdateApiWithResponse(ctx, id, &UpdateApiParams{IfMatch: &version}, changed)).JSON412
	gone := done(user.GetApiWithResponse(ctx, "none", nil)).JSON404
	fmt.Println(late.Code, http.StatusNotFound, gone.Code)
}
