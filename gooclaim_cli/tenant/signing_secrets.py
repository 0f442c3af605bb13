"""The signing secrets of a tenant: what the API told, what the user has set, and what changed.

What the API tells is on the disk (0600) before anything else happens: a lost one cannot be had
again. Whether a PUT makes a new one is not published, so every answer is compared with what was
known; a change breaks the tenant's own endpoint and is told loudly.
"""

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.happenings import Level
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.journal import HomeWebhook
from gooclaim_cli.tenant.secret_file import SecretFile
from gooclaim_cli.tenant.telling import REVEAL, Notify, Tell
from gooclaim_cli.webhook_urls import is_session_url
from gooclaim_cli.wire import SigningSecret


class SigningSecrets:
    """What deliveries are verified with. `configured` is the user's own setting."""

    def __init__(
        self, file: SecretFile, configured: tuple[SigningSecret, ...], notify: Notify
    ) -> None:
        self._file = file
        self._configured = configured
        self._notify = notify
        self._told: SigningSecret | None = None
        self._given: tuple[SigningSecret, ...] = ()

    @property
    def accepted(self) -> tuple[SigningSecret, ...]:
        """All that a delivery may be signed with; none where nothing is known yet."""
        told = (self._told,) if self._told else ()
        return tuple(dict.fromkeys((*told, *self._configured, *self._given)))

    def fall_back(self) -> bool:
        """Where nothing else is known, go by what the API told earlier; False: nothing at all."""
        if not self.accepted:
            self._told = self._file.read()
        return bool(self.accepted)

    def accept(self, secret: SigningSecret) -> None:
        """Verify with this one too: the user was asked for it."""
        self._given = (*self._given, secret)

    def take(self, answer: Webhook, home: HomeWebhook | None) -> None:
        """Store the secret of an answer to a PUT, then tell whether it is another one.

        `home` is what belongs into the configuration. Raises ConfigurationError.
        """
        if answer.secret is None:
            return  # the server keeps its secret
        told, before = SigningSecret(answer.secret), self._known()
        self._told = told
        if before != told:
            self._file.write(told)
        ours = is_session_url(answer.url)
        if before is not None and before != told and told not in self._configured:
            _rotated(home, ours=ours).to(self._notify)
        elif before is None and told not in self._configured:
            if self._configured:
                _rotated(home, ours=ours).to(self._notify)
            elif home is not None:
                _unsure(home).to(self._notify)
        elif ours and self._configured and told not in self._configured:
            _DIFFERS.to(self._notify)

    def _known(self) -> SigningSecret | None:
        try:
            return self._told or self._file.read()
        except ConfigurationError:
            return None  # a broken file is replaced


_DIFFERS = Tell(
    Level.WARNING,
    "signing_secret_differs",
    "the signing secret that is set is not the one that Gooclaim's API tells: both are accepted",
    "set the right one, or none: GOOCLAIM_SIGNING_SECRET, or signing_secret in config.toml",
)


def _rotated(home: HomeWebhook | None, *, ours: bool) -> Tell:
    if home is None:
        return Tell(
            Level.WARNING,
            "signing_secret_changed",
            "the tenant's signing secret is a new one since this change of its URL",
            f"whoever verifies with the old one must be given it: {REVEAL}",
        )
    later = "; it may change once more when that URL is put back" if ours else ""
    return Tell(
        Level.WARNING,
        "signing_secret_changed",
        f"the tenant's signing secret is a new one since this change of its URL: {home.url} will"
        f" refuse every delivery until its owner has the new secret{later}",
        f"give it to the owner of {home.url}: {REVEAL}",
    )


def _unsure(home: HomeWebhook) -> Tell:
    return Tell(
        Level.INFO,
        "signing_secret_unsure",
        "Gooclaim's API told the signing secret; none was known here before, so whether it is a"
        " new one cannot be told",
        f"if {home.url} refuses deliveries from now on, give its owner this one: {REVEAL}",
    )
