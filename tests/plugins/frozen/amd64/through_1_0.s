	.file	"through.c"
	.text
	.type	init, @function
init:
	pushq	%rbp
	movq	%rsi, %rbp
	pushq	%rbx
	movq	%rdi, %rbx
	movl	$1, %edi
	pushq	%rcx
	call	*8(%rbx)
	testq	%rax, %rax
	jne	.L2
.L4:
	movl	$-20, %eax
	jmp	.L1
.L2:
	movq	%rax, %rdi
	movl	$8, %esi
	call	*16(%rbx)
	testq	%rax, %rax
	je	.L4
	movq	%rbx, (%rax)
	movq	%rax, 0(%rbp)
	xorl	%eax, %eax
.L1:
	popq	%rdx
	popq	%rbx
	popq	%rbp
	ret
	.size	init, .-init
	.type	fini, @function
fini:
	movq	(%rdi), %rax
	jmp	*24(%rax)
	.size	fini, .-fini
	.type	probe, @function
probe:
	cmpq	$1, %rdi
	sbbl	%eax, %eax
	andl	$-62, %eax
	ret
	.size	probe, .-probe
	.type	ctx_free, @function
ctx_free:
	ret
	.size	ctx_free, .-ctx_free
	.type	handshake, @function
handshake:
	xorl	%eax, %eax
	movl	%eax, (%rsi)
	xorl	%eax, %eax
	ret
	.size	handshake, .-handshake
	.type	pending, @function
pending:
	xorl	%eax, %eax
	ret
	.size	pending, .-pending
	.type	shutdown, @function
shutdown:
	xorl	%eax, %eax
	movl	%eax, (%rsi)
	xorl	%eax, %eax
	movl	$1, 32(%rdi)
	ret
	.size	shutdown, .-shutdown
	.section	.rodata.str1.1,"aMS",@progbits,1
.LC0:
	.string	"TLSv1.3"
.LC1:
	.string	"THROUGH"
	.text
	.type	info, @function
info:
	movabsq	$476741370628, %rax
	movq	%rax, 4(%rsi)
	movl	24(%rdi), %eax
	movl	%eax, 12(%rsi)
	movl	28(%rdi), %eax
	movl	%eax, 16(%rsi)
	leaq	.LC0(%rip), %rax
	movq	%rax, 24(%rsi)
	leaq	.LC1(%rip), %rax
	movq	%rax, 32(%rsi)
	xorl	%eax, %eax
	ret
	.size	info, .-info
	.section	.rodata.str1.1
.LC2:
	.string	"DER"
.LC3:
	.string	"CN=through"
.LC4:
	.string	"CN=nobody"
.LC5:
	.string	"mx.example"
	.text
	.type	certificate, @function
certificate:
	movl	$-3, %eax
	testq	%rsi, %rsi
	jne	.L19
	leaq	.LC2(%rip), %rax
	movq	$3, 16(%rdx)
	movq	%rax, 8(%rdx)
	leaq	.LC3(%rip), %rax
	movq	%rax, 24(%rdx)
	leaq	.LC4(%rip), %rax
	movq	%rax, 32(%rdx)
	leaq	.LC5(%rip), %rax
	movq	$1, 48(%rdx)
	movq	%rax, 40(%rdx)
	movabsq	$253402300799, %rax
	movq	%rax, 56(%rdx)
	xorl	%eax, %eax
.L19:
	ret
	.size	certificate, .-certificate
	.section	.rodata.str1.1
.LC6:
	.string	"ticket"
	.text
	.type	ticket, @function
ticket:
	movq	16(%rsi), %rdi
	movq	8(%rsi), %rax
	movl	$6, %edx
	leaq	.LC6(%rip), %rsi
	jmp	*%rax
	.size	ticket, .-ticket
	.type	conn_free, @function
conn_free:
	testq	%rdi, %rdi
	je	.L23
	movq	(%rdi), %rax
	jmp	*24(%rax)
.L23:
	ret
	.size	conn_free, .-conn_free
	.section	.rodata.str1.1
.LC7:
	.string	"tls-exporter"
	.text
	.type	channel_binding, @function
channel_binding:
	pushq	%r12
	movq	%rsi, %rdi
	leaq	.LC7(%rip), %rsi
	movq	%r8, %r12
	pushq	%rbp
	movq	%rcx, %rbp
	pushq	%rbx
	movq	%rdx, %rbx
	call	strcmp@PLT
	testl	%eax, %eax
	jne	.L30
	movq	$4, (%r12)
	testq	%rbx, %rbx
	je	.L25
	cmpq	$3, %rbp
	jbe	.L31
	testq	%rbx, %rbx
	je	.L25
	movl	$1684957538, (%rbx)
	jmp	.L25
.L30:
	movl	$-62, %eax
	jmp	.L25
.L31:
	movl	$-10, %eax
.L25:
	popq	%rbx
	popq	%rbp
	popq	%r12
	ret
	.size	channel_binding, .-channel_binding
	.section	.rodata.str1.1
.LC8:
	.string	"conn %u %s %u pins %u %02x ticket %u"
	.text
	.type	conn_new, @function
conn_new:
	pushq	%r15
	pushq	%r14
	pushq	%r13
	movq	%rdx, %r13
	pushq	%r12
	pushq	%rbp
	pushq	%rbx
	movq	%rsi, %rbx
	subq	$536, %rsp
	movq	(%rdi), %r12
	movl	$40, %edi
	call	*8(%r12)
	movq	%rax, %rbp
	movl	$-20, %eax
	testq	%rbp, %rbp
	je	.L37
	leaq	8(%rbp), %rdx
	xorl	%eax, %eax
	movl	$8, %ecx
	movq	%rdx, %rdi
	rep stosl
	movq	%r12, 0(%rbp)
	movq	48(%rbx), %rax
	movl	4(%rbx), %r15d
	movq	40(%rbx), %r14
	movq	%rax, 8(%rbp)
	movq	56(%rbx), %rax
	movl	%r15d, 24(%rbp)
	movq	%rax, 16(%rbp)
	xorl	%eax, %eax
	cmpq	$6, %r14
	jne	.L39
	movq	32(%rbx), %rdi
	movl	$6, %edx
	leaq	.LC6(%rip), %rsi
	call	memcmp@PLT
	testl	%eax, %eax
	sete	%al
	movzbl	%al, %eax
.L39:
	movl	20(%rbx), %edx
	movl	%eax, 28(%rbp)
	xorl	%eax, %eax
	testl	%edx, %edx
	je	.L40
	leal	-1(%rdx), %eax
	salq	$5, %rax
	addq	24(%rbx), %rax
	movzbl	31(%rax), %eax
.L40:
	leaq	16(%rsp), %rcx
	movl	$512, %esi
	movq	%rcx, 8(%rsp)
	pushq	%rcx
	movq	8(%rbx), %r8
	movl	%r15d, %ecx
	pushq	%r14
	pushq	%rax
	xorl	%eax, %eax
	pushq	%rdx
	movq	40(%rsp), %rdi
	leaq	.LC8(%rip), %rdx
	movl	16(%rbx), %r9d
	call	snprintf@PLT
	addq	$32, %rsp
	movl	$2, %esi
	movq	%r12, %rdi
	movq	8(%rsp), %rdx
	call	*40(%r12)
	movq	%rbp, 0(%r13)
	xorl	%eax, %eax
.L37:
	addq	$536, %rsp
	popq	%rbx
	popq	%rbp
	popq	%r12
	popq	%r13
	popq	%r14
	popq	%r15
	ret
	.size	conn_new, .-conn_new
	.section	.rodata.str1.1
.LC9:
	.string	"-"
.LC10:
	.string	"NONE"
.LC11:
	.string	"through: no cipher is no cipher"
.LC12:
	.string	"config %u %x %x ca %s crl %s ciphers %s cert %s key %s pass %s"
	.text
	.type	ctx_new, @function
ctx_new:
	pushq	%r15
	xorl	%eax, %eax
	xorps	%xmm0, %xmm0
	pushq	%r14
	pushq	%r13
	movq	%rcx, %r13
	xorl	%ecx, %ecx
	pushq	%r12
	movq	%rdi, %r12
	pushq	%rbp
	pushq	%rbx
	movq	%rsi, %rbx
	subq	$568, %rsp
	movq	(%rdi), %rbp
	movq	32(%rsi), %rdi
	movq	$45, 16(%rsp)
	movq	%rax, 24(%rsp)
	movq	%rcx, 8(%rsp)
	movups	%xmm0, 32(%rsp)
	testq	%rdi, %rdi
	je	.L48
	leaq	.LC10(%rip), %rsi
	movq	%rdx, %r14
	call	strcmp@PLT
	testl	%eax, %eax
	jne	.L48
	movl	$7, %ecx
	movl	$-40, %edx
	movq	%r14, %rsi
	movq	%rbp, %rdi
	leaq	.LC11(%rip), %r8
	call	*48(%rbp)
	movl	$-40, %eax
	jmp	.L47
.L48:
	movq	56(%rbx), %rax
	leaq	16(%rsp), %r14
	testq	%rax, %rax
	je	.L51
	movq	64(%rbx), %rdi
	leaq	8(%rsp), %rcx
	movl	$31, %edx
	movq	%r14, %rsi
	call	*%rax
	testl	%eax, %eax
	jne	.L51
	movq	8(%rsp), %rax
	movb	$0, 16(%rsp,%rax)
.L51:
	movq	48(%rbx), %rdi
	testq	%rdi, %rdi
	jne	.L53
	leaq	.LC9(%rip), %rdi
.L53:
	movq	40(%rbx), %rsi
	testq	%rsi, %rsi
	jne	.L54
	leaq	.LC9(%rip), %rsi
.L54:
	movq	32(%rbx), %rcx
	testq	%rcx, %rcx
	jne	.L55
	leaq	.LC9(%rip), %rcx
.L55:
	movq	24(%rbx), %rdx
	testq	%rdx, %rdx
	jne	.L56
	leaq	.LC9(%rip), %rdx
.L56:
	movq	16(%rbx), %rax
	testq	%rax, %rax
	jne	.L57
	leaq	.LC9(%rip), %rax
.L57:
	movl	4(%rbx), %r10d
	leaq	48(%rsp), %r15
	movl	12(%rbx), %r9d
	pushq	%r14
	pushq	%rdi
	movl	8(%rbx), %r8d
	movq	%r15, %rdi
	pushq	%rsi
	movl	$512, %esi
	pushq	%rcx
	movl	%r10d, %ecx
	pushq	%rdx
	leaq	.LC12(%rip), %rdx
	pushq	%rax
	xorl	%eax, %eax
	call	snprintf@PLT
	addq	$48, %rsp
	movl	$32, %esi
	movq	%r14, %rdi
	call	*32(%rbp)
	movq	%r15, %rdx
	movl	$2, %esi
	movq	%rbp, %rdi
	call	*40(%rbp)
	movq	%r12, 0(%r13)
	xorl	%eax, %eax
.L47:
	addq	$568, %rsp
	popq	%rbx
	popq	%rbp
	popq	%r12
	popq	%r13
	popq	%r14
	popq	%r15
	ret
	.size	ctx_new, .-ctx_new
	.section	.rodata.str1.1
.LC13:
	.string	"through: it ended"
	.text
	.type	receive, @function
receive:
	cmpl	$0, 32(%rdi)
	movl	$-2, %eax
	jne	.L67
	pushq	%rbp
	movq	%r8, %rbp
	pushq	%rbx
	movq	%rdi, %rbx
	pushq	%r9
	movq	8(%rdi), %rax
	movq	24(%rax), %rdi
	call	*8(%rax)
	cmpl	$-1, %eax
	jne	.L64
	movl	$1, 0(%rbp)
	jmp	.L62
.L64:
	cmpl	$-2, %eax
	jne	.L62
	movq	(%rbx), %rax
	movq	16(%rbx), %rsi
	leaq	.LC13(%rip), %r8
	xorl	%ecx, %ecx
	movl	$-34, %edx
	movq	%rax, %rdi
	call	*48(%rax)
	movl	$-34, %eax
.L62:
	popq	%rdx
	popq	%rbx
	popq	%rbp
	ret
.L67:
	ret
	.size	receive, .-receive
	.type	deliver, @function
deliver:
	pushq	%rbp
	movq	%r8, %rbp
	pushq	%rbx
	movq	%rdi, %rbx
	pushq	%r9
	movq	8(%rdi), %rax
	movq	24(%rax), %rdi
	call	*16(%rax)
	cmpl	$-1, %eax
	jne	.L71
	movl	$2, 0(%rbp)
	jmp	.L70
.L71:
	cmpl	$-2, %eax
	jne	.L70
	movq	(%rbx), %rax
	movq	16(%rbx), %rsi
	leaq	.LC13(%rip), %r8
	xorl	%ecx, %ecx
	movl	$-34, %edx
	movq	%rax, %rdi
	call	*48(%rax)
	movl	$-34, %eax
.L70:
	popq	%rdx
	popq	%rbx
	popq	%rbp
	ret
	.size	deliver, .-deliver
	.globl	envoi_plugin_through_1_0
	.type	envoi_plugin_through_1_0, @function
envoi_plugin_through_1_0:
	leaq	plugin(%rip), %rax
	ret
	.size	envoi_plugin_through_1_0, .-envoi_plugin_through_1_0
	.section	.rodata.str1.1
.LC14:
	.string	"through_1_0"
.LC15:
	.string	"1.0"
.LC16:
	.string	"MIT"
	.section	.data.rel.ro.local,"aw"
	.align 32
	.type	plugin, @object
	.size	plugin, 72
plugin:
	.long	72
	.long	1162761807
	.long	1
	.long	0
	.quad	.LC14
	.quad	.LC15
	.quad	.LC16
	.quad	init
	.quad	fini
	.quad	transports
	.quad	0
	.align 16
	.type	transports, @object
	.size	transports, 16
transports:
	.quad	transport
	.quad	0
	.section	.rodata.str1.1
.LC17:
	.string	"through"
.LC18:
	.string	"no library"
	.section	.data.rel.ro.local
	.align 32
	.type	transport, @object
	.size	transport, 136
transport:
	.long	136
	.long	25
	.quad	.LC17
	.quad	.LC18
	.quad	probe
	.quad	ctx_new
	.quad	ctx_free
	.quad	conn_new
	.quad	handshake
	.quad	receive
	.quad	deliver
	.quad	pending
	.quad	shutdown
	.quad	info
	.quad	certificate
	.quad	channel_binding
	.quad	ticket
	.quad	conn_free
	.section	.note.GNU-stack,"",@progbits
