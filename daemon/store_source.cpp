#include "daemon/store_source.h"

#include <utility>

namespace pennon::daemon {

void StoreSource::Fetch(const std::string& validator, std::function<void(SourceResult)> done) {
  KnownSet known;
  known.validator = validator;
  store_.Fetch(known, [this, done = std::move(done)](FetchResult result) {
    if (!result) return done(tl::unexpected<FetchFailure>(std::move(result.error())));
    const std::string& environment = result->document.head.environment;
    if (!result->not_modified && environment != config_.environment) {
      return done(tl::unexpected<FetchFailure>(
          {base::Error::Invalid(identity(), "sent the flags of environment \"" + environment +
                                                "\", expected \"" + config_.environment + '"'),
           0, false}));
    }
    done(SourceSet{
        result->not_modified, std::move(result->document.lines), std::move(result->validator), {}});
  });
}

}  // namespace pennon::daemon
