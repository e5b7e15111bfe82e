#pragma once

#include "mcdsl/service/service.h"
#include "notes.h"

namespace my_notes {

// The notes as REST, for callers with the role `user` or `admin`, each of whom sees their own:
//
//   GET    /v1/notes?limit=&before=   {"notes":[{"id":…,"text":…,"created_at":…}]}, newest first
//   POST   /v1/notes {"text":…}       201 with the note
//   GET    /v1/notes/{id}
//   DELETE /v1/notes/{id}             204
//
// Lifetime: the notes outlive the service.
void add_routes(mcdsl::Service& service, const Notes& notes);

}  // namespace my_notes
