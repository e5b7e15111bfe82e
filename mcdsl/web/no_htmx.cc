// In the place of the source that the build makes of htmx, where it is not there.

#include "mcdsl/web/htmx.h"

namespace mcdsl::web {

AssetSource htmx() noexcept {
  return {};
}

}  // namespace mcdsl::web
