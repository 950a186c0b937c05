import { Component, type ComponentChildren } from 'preact';

interface Props {
  /** What is shown; something else may be shown again. */
  of: unknown;
  otherwise: ComponentChildren;
  children: ComponentChildren;
}

/** Holds what cannot be shown, so that the rest of the page stays. */
export class Boundary extends Component<Props, { failed: unknown }> {
  override state = { failed: undefined as unknown };
  override componentDidCatch() {
    this.setState({ failed: this.props.of });
  }
  override render() {
    return this.state.failed === this.props.of ? this.props.otherwise : this.props.children;
  }
}
