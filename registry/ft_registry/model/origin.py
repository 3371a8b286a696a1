"""Who did something, and from where."""

from ft_registry.model.document import Part


class Actor(Part):
    """A person or a pipeline, as git names authors."""

    name: str
    email: str

    def as_text(self) -> str:
        """Returns ``Name <email>``."""
        return f"{self.name} <{self.email}>" if self.email else self.name
