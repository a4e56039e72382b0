// The portal's mark: three layers of a stack.
type Props = { size?: number };

export function Mark({ size = 28 }: Props) {
  return (
    <svg width={size} height={size} viewBox="4 4 24 24" aria-hidden="true">
      <path d="M16 6 27 11.5 16 17 5 11.5Z" fill="#3ecfb2" />
      <path d="M5 16.2 16 21.7 27 16.2" fill="none" stroke="#7fb2ff" strokeWidth="2.2" strokeLinejoin="round" strokeLinecap="round" />
      <path d="M5 20.9 16 26.4 27 20.9" fill="none" stroke="#ffb454" strokeWidth="2.2" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
